import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '@restante/scripts/find-program';
import { waitFor } from '../wait-for.ts';

const NGINX = fileURLToPath(new URL('../../../nginx/', import.meta.url));

/** Nine of them start at once for a cell on one machine. */
const LISTEN_DEADLINE_MS = 120_000;

/** A real nginx as a door or a peer of a cell, started as in production. */
export type TunnelEnd = AsyncDisposable & {
  /** Everything that it has written. */
  readonly output: () => string;
  /** The lines of its log of connections. */
  readonly refusals: () => readonly Readonly<Record<string, string>>[];
  /** Reads certificates and `revoked` again. */
  readonly reload: () => Promise<void>;
  /** Ends all of it at once, by SIGKILL. */
  readonly kill: () => Promise<void>;
};

type Place = {
  /** For what it writes; its own. */
  readonly folder: string;
  /** With `ca.pem`, `certificate.pem`, `key.pem` and `revoked`. */
  readonly certificates: string;
  /** Where it listens. */
  readonly address: string;
  readonly resolver?: string;
  /** Program and arguments that start it in another place, as in a network namespace. */
  readonly within?: readonly string[];
};

const environmentOf = ({ folder, certificates, address, resolver }: Place): Record<string, string> => {
  const nginx = findProgram('nginx');
  if (nginx === null) throw new Error('no nginx: install it (node scripts/ensure-packages.mjs)');
  return {
    PATH: [dirname(nginx), process.env['PATH'] ?? ''].join(delimiter),
    TUNNEL_DIR: folder,
    CELL_DIR: certificates,
    LISTEN_ADDRESS: address,
    ...(resolver !== undefined && { RESOLVER: resolver }),
  };
};

const start = async (
  script: string,
  place: Place,
  variables: Readonly<Record<string, string>>,
): Promise<TunnelEnd> => {
  mkdirSync(place.folder, { recursive: true });
  const logFile = join(place.folder, 'output.log');
  const output = (): string => readFileSync(logFile, 'utf8');
  const env = { ...environmentOf(place), ...variables };
  const run = (name: string) => {
    const log = openSync(logFile, 'a');
    const command: readonly string[] = [...(place.within ?? []), join(NGINX, name)];
    // A group of its own: workers outlive the master of an nginx that is killed.
    const [program = name, ...args] = command;
    const child = spawn(program, args, { env, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    return child;
  };
  const child = run(script);
  const ended = once(child, 'exit');
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
    await ended;
  };
  try {
    // It says who it is when it listens.
    const pidFile = join(place.folder, 'nginx.pid');
    await waitFor(
      `${script} to listen`,
      () => isOver() || readFileSync(pidFile, 'utf8').trim() === String(child.pid),
      { timeoutMs: LISTEN_DEADLINE_MS },
    );
    if (isOver()) throw new Error(`${script} does not start:\n${output()}`);
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    output,
    refusals: () =>
      output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, string>),
    reload: async () => {
      const [code] = (await once(run('reload-tunnel'), 'exit')) as [number | null];
      if (code !== 0) throw new Error(`it could not be reloaded:\n${output()}`);
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
};

/** `services`: the address of all services of this server, on their own ports. */
export const startDoor = (
  place: Place & {
    readonly server: number;
    readonly port: number;
    readonly services: string;
    /** Of one address. */
    readonly connections?: number;
  },
): Promise<TunnelEnd> =>
  start('start-door', place, {
    SERVER_NUMBER: String(place.server),
    DOOR_PORT: String(place.port),
    SERVICE_ADDRESS: place.services,
    ...(place.connections !== undefined && { DOOR_CONNECTIONS: String(place.connections) }),
  });

/** `door`: `host:port` of the other server's. */
export const startPeer = (
  place: Place & { readonly server: number; readonly door: string },
): Promise<TunnelEnd> =>
  start('start-peer', place, { PEER_NUMBER: String(place.server), PEER_ADDRESS: place.door });
