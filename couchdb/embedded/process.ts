/** The embedded server as a child process, for what starts and kills whole clusters. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface SpawnEmbeddedCouchOptions {
  dataDir: string;
  /** 0 for any free one. */
  port: number;
  /** Default 127.0.0.1. */
  host?: string;
  admin: { name: string; password: string };
  /** What it writes to its log, line by line. */
  onLog?: (line: string) => void;
}

export interface EmbeddedCouchProcess {
  /** Without credentials and without a slash at the end. */
  url: string;
  port: number;
  /** Sends a signal and resolves when the process has ended. Default SIGTERM, which stops it cleanly. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves when the process has ended, for whatever reason. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const mainFile = fileURLToPath(new URL('main.ts', import.meta.url));
/** Documents live briefly: a large nursery would only keep their memory from the other servers of the machine. */
const smallHeap = '--max-semi-space-size=8';
/** Halves the time of a start. */
const compileCache = path.join(tmpdir(), 'embedded-couch-compile-cache');
const readyLine = /^embedded couchdb ready on (\S+)$/;

/** Starts a server and resolves when it listens. It ends with its parent. Throws what it said when it ends before. */
export async function spawnEmbeddedCouch(options: SpawnEmbeddedCouchOptions): Promise<EmbeddedCouchProcess> {
  const { dataDir, port, host = '127.0.0.1', admin, onLog } = options;
  const child = spawn(process.execPath, [smallHeap, mainFile], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      NODE_COMPILE_CACHE: compileCache,
      ...process.env,
      EMBEDDED_COUCH_DATA_DIR: dataDir,
      EMBEDDED_COUCH_PORT: String(port),
      EMBEDDED_COUCH_HOST: host,
      EMBEDDED_COUCH_ADMIN: admin.name,
      EMBEDDED_COUCH_PASSWORD: admin.password,
      EMBEDDED_COUCH_EXIT_WITH_PARENT: '1',
    },
  });
  const exited = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const said: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    if (said.length < 20) said.push(line);
    onLog?.(line);
  });
  const ready = new Promise<string>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      const url = readyLine.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
  const url = await Promise.race([
    ready,
    exited.then(({ code, signal }) => {
      throw new Error(`embedded couchdb ended at its start (${code ?? signal}): ${said.join(' | ')}`);
    }),
  ]);
  return {
    url,
    port: Number(new URL(url).port),
    exited,
    async kill(signal = 'SIGTERM') {
      child.kill(signal);
      await exited;
    },
  };
}
