import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Another running cluster has this data folder. */
export class DataInUseError extends Error {
  override readonly name = 'DataInUseError';

  constructor(dataDir: string) {
    super(`a cluster is already running on ${dataDir}`);
  }
}

/**
 * Path of the socket that stands for a data folder. Not inside the folder: the path of a socket may have only
 * about 100 bytes.
 */
const socketPath = (dataDir: string): string => {
  const name = `restante-${createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 16)}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
};

const isAnswered = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED');
    });
  });

/** Whether a running cluster has this data folder. */
export const isDataInUse = async (dataDir: string): Promise<boolean> => {
  try {
    return await isAnswered(socketPath(dataDir));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
};

/**
 * Takes a data folder, making it if need be, until disposal or the end of this process, however it ends: the
 * lock is a listening socket, not a file that a killed process would leave behind.
 *
 * @throws DataInUseError
 */
export const lockData = async (dataDir: string): Promise<AsyncDisposable> => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = socketPath(dataDir);
  if (await isAnswered(path)) throw new DataInUseError(dataDir);
  if (process.platform !== 'win32') rmSync(path, { force: true });
  const server: Server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.unref();
  return {
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
};
