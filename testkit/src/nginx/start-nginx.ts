import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '@restante/scripts/find-program';
import { waitFor } from '../wait-for.ts';
import { makeCertificate } from './make-certificate.ts';
import { writeNginxFiles, type Upstreams } from './nginx-files.ts';

/** A real nginx with the nginx.conf of production, on free ports of this machine. */
export type Nginx = AsyncDisposable & {
  /** The origin, `https://127.0.0.1:port`. */
  readonly url: string;
  /** `http://127.0.0.1:port`. */
  readonly httpUrl: string;
  /** Its own certificate. */
  readonly certificateFile: string;
  /** Root of ACME challenges. */
  readonly acmeDir: string;
  /** The lines of the access log. */
  readonly requests: () => readonly Readonly<Record<string, string>>[];
  /** Everything that it has written. */
  readonly output: () => string;
  /** Reads its files again, as after a new certificate. */
  readonly reload: () => void;
};

const ATTEMPTS = 5;

const nginx = (): string => {
  const path = findProgram('nginx');
  if (path === null) throw new Error('no nginx: install it (node scripts/ensure-packages.mjs)');
  return path;
};

/** What `nginx -t` says of the nginx.conf in a folder. */
export const checkNginxConf = (folder: string): { readonly ok: boolean; readonly output: string } => {
  const { status, stderr } = spawnSync(nginx(), ['-t', '-c', join(folder, 'nginx.conf')], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return { ok: status === 0, output: stderr };
};

const freePorts = async (): Promise<{ http: number; https: number }> => {
  const servers = [createServer().listen(0, '127.0.0.1'), createServer().listen(0, '127.0.0.1')] as const;
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const [http, https] = servers.map((server) => (server.address() as AddressInfo).port) as [number, number];
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return { http, https };
};

const run = (folder: string, logFile: string): ChildProcess => {
  const log = openSync(logFile, 'a');
  // To a file: nginx opens /dev/stdout itself, which a socket cannot be.
  const child = spawn(nginx(), ['-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return child;
};

/** Whether it answers; false when it has ended. */
const starts = (child: ChildProcess, httpUrl: string): Promise<boolean> =>
  waitFor('nginx to answer', async () => {
    if (child.exitCode !== null) return { ok: false };
    const { ok } = await fetch(`${httpUrl}/healthz`);
    return ok ? { ok } : null;
  }).then(({ ok }) => ok);

const startOn = async (
  folder: string,
  logFile: string,
  upstreams: Upstreams,
  attempt = 1,
): Promise<{ child: ChildProcess; ports: { http: number; https: number } }> => {
  const ports = await freePorts();
  writeNginxFiles(folder, upstreams, ports);
  const child = run(folder, logFile);
  if (await starts(child, `http://127.0.0.1:${ports.http}`)) return { child, ports };
  const output = readFileSync(logFile, 'utf8');
  // Somebody else took a port between its choice and nginx: nginx takes numbers only.
  if (!output.includes('Address already in use') || attempt === ATTEMPTS) {
    throw new Error(`nginx does not start:\n${output}`);
  }
  rmSync(logFile);
  return startOn(folder, logFile, upstreams, attempt + 1);
};

export const startNginx = async (upstreams: Upstreams): Promise<Nginx> => {
  await using starting = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'restante-nginx-'));
  starting.defer(() => rmSync(folder, { recursive: true, force: true }));
  const certificateFile = makeCertificate(join(folder, 'tls'));
  const logFile = join(folder, 'output.log');
  const { child, ports } = await startOn(folder, logFile, upstreams);
  starting.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  const cleanup = starting.move();

  const output = (): string => readFileSync(logFile, 'utf8');
  return {
    url: `https://127.0.0.1:${ports.https}`,
    httpUrl: `http://127.0.0.1:${ports.http}`,
    certificateFile,
    acmeDir: join(folder, 'acme'),
    output,
    requests: () =>
      output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, string>),
    reload: () => void child.kill('SIGHUP'),
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
};
