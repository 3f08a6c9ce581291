import { once } from 'node:events';
import { isAbsolute, relative } from 'node:path';
import {
  blobStore,
  ConfigError,
  databasePrefix,
  objectStoreAddress,
  objectStoreVariables,
  readEnvironment,
} from '@restante/service-kit';
import { buildWebClient } from '@restante/web-client/build';
import { z } from 'zod';
import { readOptions, type Command, type CommandContext } from '../cli/command.ts';
import { table } from '../cli/table.ts';
import { ProcessStartError, startCluster, type Cluster, type ClusterPorts } from '../cluster/index.ts';
import { superviseCluster } from '../cluster/supervise-cluster.ts';
import { clusterCouchUrls } from './couch-urls.ts';

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_500).default(8080),
  DATA_DIR: z.string().default('.data'),
  MASTERS: z.coerce.number().int().min(1).max(8).default(1),
  COUCHDB_URLS: clusterCouchUrls.optional(),
  DATABASE_PREFIX: databasePrefix.optional(),
  REGISTRATION: z.enum(['open', 'invite', 'closed']).default('open'),
  BLOB_STORE: blobStore,
  ...objectStoreVariables,
});

const options = z.strictObject({
  port: z.string().optional(),
  'data-dir': z.string().optional(),
  masters: z.string().optional(),
});

/** The front has `port`; the others follow it, each role in a row of its own. 0: all take free ports. */
const portsFrom = (port: number): ClusterPorts =>
  port === 0
    ? {}
    : {
        front: port,
        mailboxNodes: [port + 1, port + 2, port + 3],
        couches: [port + 4, port + 5, port + 6],
        masters: Array.from({ length: 8 }, (_, index) => port + 7 + index),
        bus: port + 15,
      };

/** What services are told of the object store that files go to, if they do. @throws ConfigError naming what is missing */
const objectStoreSettings = (read: z.infer<typeof environment>) => {
  if (read.BLOB_STORE !== 's3') return { mailboxNode: {}, origin: {} };
  const address = objectStoreAddress(read);
  if ('missing' in address) throw new ConfigError(`${address.missing.join(', ')}: needed with BLOB_STORE=s3`);
  const origin = { BLOB_STORE: 's3', S3_ENDPOINT: address.endpoint };
  return {
    origin,
    mailboxNode: {
      ...origin,
      S3_REGION: address.region,
      S3_BUCKET: address.bucket,
      S3_ACCESS_KEY_ID: address.accessKeyId,
      S3_SECRET_ACCESS_KEY: address.secretAccessKey,
    },
  };
};

const whatRuns = (cluster: Cluster): string => {
  const roles: [readonly { name: string; url: string; pid: number | undefined }[], string][] = [
    [[cluster.front], 'messenger, /api, /ws, /node1 ..., /cluster/'],
    [cluster.masters, 'accounts, keys, live push'],
    [cluster.buses, 'NATS between the masters'],
    [cluster.mailboxNodes, 'mailboxes'],
    [cluster.couches, 'embedded CouchDB'],
  ];
  return table([
    ['part', 'what', 'address', 'pid'],
    ...roles.flatMap(([processes, what]) =>
      processes.map(({ name, url, pid }) => [name, what, url, String(pid ?? '')]),
    ),
  ]);
};

/** One line while parts start: repainted on a terminal, a line for each part otherwise. */
const progress = ({ print, paint, isTerminal }: CommandContext, total: number) => {
  let ready = 0;
  return {
    starting: (name: string): void => {
      if (isTerminal) paint(`\r\u001b[KStarting: ${ready} of ${total} ready, ${name} ...`);
    },
    ready: (name: string): void => {
      ready += 1;
      if (isTerminal) paint(`\r\u001b[KStarting: ${ready} of ${total} ready`);
      else print(`${name} is ready (${ready} of ${total})`);
    },
    end: (): void => {
      if (isTerminal) paint('\r\u001b[K');
    },
  };
};

const shortPath = (path: string): string => {
  const fromHere = relative(process.cwd(), path);
  return fromHere === '' || fromHere.startsWith('..') || isAbsolute(fromHere) ? path : fromHere;
};

/** What a failed start says: the reason in one line where the reason is plain. */
const explain = (error: unknown, port: number): Error => {
  if (error instanceof ProcessStartError && error.busyPort !== undefined) {
    return new Error(
      `Port ${error.busyPort} is taken by another program. Free it, or choose another row of ports: PORT=${port + 1000} npm start`,
    );
  }
  return error instanceof Error ? error : new Error(String(error));
};

const run = async (context: CommandContext): Promise<number> => {
  const flags = readOptions(
    context.args,
    { port: { type: 'string' }, 'data-dir': { type: 'string' }, masters: { type: 'string' } },
    options,
  );
  const config = readEnvironment(environment, {
    ...context.environment,
    ...(flags.port === undefined ? {} : { PORT: flags.port }),
    ...(flags['data-dir'] === undefined ? {} : { DATA_DIR: flags['data-dir'] }),
    ...(flags.masters === undefined ? {} : { MASTERS: flags.masters }),
  });
  const objectStore = objectStoreSettings(config);
  const { print, signal } = context;
  const startedAt = performance.now();
  const others = (config.COUCHDB_URLS ? 4 : 7) + (config.MASTERS > 1 ? 1 : 0);
  const shown = progress(context, config.MASTERS + others);
  const over = new AbortController();
  const onExit = superviseCluster(print, AbortSignal.any([signal, over.signal]));
  try {
    const messengerDir = await buildWebClient();
    await using cluster = await startCluster({
      dataDir: config.DATA_DIR,
      masters: config.MASTERS,
      ports: portsFrom(config.PORT),
      ...(config.COUCHDB_URLS && { couchUrls: config.COUCHDB_URLS }),
      ...(config.DATABASE_PREFIX !== undefined && { databasePrefix: config.DATABASE_PREFIX }),
      settings: {
        mailboxNode: objectStore.mailboxNode,
        master: { REGISTRATION: config.REGISTRATION, ...objectStore.origin },
        front: { MESSENGER_DIR: messengerDir, ...objectStore.origin },
      },
      signal,
      onEvent: (event) => {
        if (event.type === 'exited') onExit(event);
        else shown[event.type](event.process.name);
      },
    });
    shown.end();
    print(`Restante is up after ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
    print(whatRuns(cluster));
    print(`\nOpen ${cluster.front.url} · data in ${shortPath(cluster.dataDir)} · Ctrl-C stops everything`);
    if (!signal.aborted) await once(signal, 'abort');
    print('Stopping ...');
  } catch (error) {
    shown.end();
    if (!signal.aborted) throw error instanceof ConfigError ? error : explain(error, config.PORT);
  } finally {
    over.abort();
  }
  print('Stopped');
  return 0;
};

export const start: Command = {
  summary: 'the whole cluster in this terminal',
  help: `
Usage: npm start [-- --port 8080 --data-dir .data --masters 1]

Starts three CouchDB-compatible servers, three mailbox nodes, a master and the front on this machine, and starts
again what ends. Ctrl-C stops everything.

  --port, PORT          port of the front; the others take the ports after it. 0: any free ones (default 8080)
  --data-dir, DATA_DIR  data, logs and secrets (default .data)
  --masters, MASTERS    how many masters (default 1, at most 8). More than one have a NATS server between them, which
                        starts with them: nats-server must be installed (Debian: apt-get install nats-server)
  COUCHDB_URLS          three CouchDB servers with admin credentials, separated by commas, instead of the embedded ones
  DATABASE_PREFIX       prefix of all database names
  REGISTRATION          who makes accounts: open (default), invite (who has a code of npm run invites) or closed
  BLOB_STORE=s3         files go to a bucket of S3_ENDPOINT, S3_REGION, S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, which
                        npm run object-store sets up for SERVER_ORIGINS=http://localhost:8080,http://127.0.0.1:8080

Exit code: 0 stopped by Ctrl-C, 1 could not start, 2 bad options or environment.
`,
  run,
};
