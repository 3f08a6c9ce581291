import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../find-program.mjs';
import { createClusterProcess, type ClusterProcess, type ProcessSpec } from './cluster-process.ts';
import type { Credentials } from './secrets.ts';

/** A cluster of several masters needs a NATS server between them, and there is none on this machine. */
export class NoBusServerError extends Error {
  override readonly name = 'NoBusServerError';

  constructor() {
    super(
      'Several masters need a NATS server between them, and there is none here: install nats-server (Debian: apt-get install nats-server), or start one master.',
    );
  }
}

type BusServer = Pick<ProcessSpec, 'name' | 'port' | 'logFile' | 'readyDeadlineMs' | 'within' | 'onExit'> & {
  /** Where it listens; on this machine alone when not given. */
  readonly host?: string;
  /** For its configuration, which holds a password. */
  readonly folder: string;
  readonly credentials: Credentials;
  /** Files, where masters reach it over TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** A cluster of servers: where this one listens for the others, and where these do, each as `host:port`. */
  readonly cluster?: { readonly port: number; readonly others: readonly string[] };
};

const THIS_MACHINE = '127.0.0.1';
const LISTENING = /Listening for client connections on [\w.:[\]]+:(\d+)/;
const READY = /Server is ready/;

/** JSON is a form of NATS' configuration. */
const configuration = ({ credentials, tls, cluster, host = THIS_MACHINE }: BusServer): string =>
  JSON.stringify({
    host,
    authorization: credentials,
    ...(tls && { tls: { cert_file: tls.certificate, key_file: tls.key } }),
    ...(cluster && {
      cluster: {
        name: 'restante',
        listen: `${host}:${cluster.port}`,
        authorization: credentials,
        routes: cluster.others.map(
          (address) => `nats-route://${credentials.user}:${credentials.password}@${address}`,
        ),
        no_advertise: true,
        connect_retries: 1_000_000,
      },
    }),
  });

/**
 * A NATS server as a process of the cluster. Its address has no credentials.
 *
 * @throws NoBusServerError when the machine has none
 */
export const createBusServer = (server: BusServer): ClusterProcess => {
  const nats = findProgram('nats-server');
  if (nats === null) throw new NoBusServerError();
  // It does not look whether its standard input ends: the kernel ends it with its parent, where it can.
  const untilParentEnds = findProgram('setpriv');
  mkdirSync(server.folder, { recursive: true, mode: 0o700 });
  const file = join(server.folder, `${server.name}.conf`);
  writeFileSync(file, configuration(server), { mode: 0o600 });
  return createClusterProcess({
    ...server,
    command: (port) => {
      const command = [nats, '-c', file, '-p', String(port === 0 ? -1 : port)] as const;
      return untilParentEnds === null ? command : [untilParentEnds, '--pdeathsig', 'KILL', ...command];
    },
    addressIn: (lines) => {
      const port = READY.test(lines) ? LISTENING.exec(lines)?.[1] : undefined;
      return port === undefined ? undefined : `nats://${server.host ?? THIS_MACHINE}:${port}`;
    },
  });
};
