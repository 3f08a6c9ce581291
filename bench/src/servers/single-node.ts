import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import nano from 'nano';
import { buckets, LIMITS } from '@restante/protocol';
import {
  couchEnvironment,
  createClusterProcess,
  ensureSecrets,
  SCRIPTS,
  SMALL_HEAP,
  withCredentials,
  type ClusterProcess,
  type Environment,
  removeFromCouch,
} from '@restante/scripts/cluster';
import { createTokenSigner, type TokenSigner } from '@restante/service-kit';
import type { Bench } from '../measurement.ts';
import { newPrefix } from './database-prefix.ts';

/** One mailbox node in front of one CouchDB, alone on the machine. */
export type SingleNode = AsyncDisposable & {
  readonly node: ClusterProcess;
  /** Of the node's CouchDB, with an admin's credentials. */
  readonly couchUrl: string;
  readonly signer: TokenSigner;
  /** A master's right to write, for as long as a run may take. */
  readonly storeToken: string;
  /** Name of the database that holds a message of this time. */
  readonly bucketAt: (timeMs: number) => string;
  /** Makes an empty database beside those of the node, for the raw peer. */
  readonly createDatabase: () => Promise<string>;
};

const BUCKET_SPAN_DAYS = 10;
const HOUR_MS = 60 * 60 * 1000;

export const startSingleNode = async (bench: Bench): Promise<SingleNode> => {
  mkdirSync(bench.dataDir, { recursive: true });
  const dataDir = mkdtempSync(join(bench.dataDir, 'node-'));
  const secrets = ensureSecrets(dataDir);
  const { admin, data } = secrets.nodes[0]!;
  const databasePrefix = newPrefix();
  await using cleanup = new AsyncDisposableStack();

  const start = async (
    name: string,
    script: string,
    readyPath: string,
    environment: (port: number) => Environment,
  ): Promise<ClusterProcess> => {
    const logFile = join(dataDir, `${name}.log`);
    const process = createClusterProcess({
      name,
      script,
      port: 0,
      environment: (port) => ({
        ...environment(port),
        ...(bench.nodeOptions !== null && { NODE_OPTIONS: bench.nodeOptions }),
      }),
      readyPath,
      logFile,
      onExit: (_exit, expected) => {
        if (!expected) bench.progress(`${name} ended by itself`);
      },
    });
    await process.start();
    cleanup.defer(async () => {
      await process.kill();
    });
    return process;
  };

  const startCouch = async (): Promise<string> => {
    const couch = await start('couch', SCRIPTS.couch, '/_up', (port) =>
      couchEnvironment(port, join(dataDir, 'couch'), admin),
    );
    return withCredentials(couch.url, admin);
  };

  const adminUrl = bench.couchUrls?.[0] ?? (await startCouch());
  cleanup.defer(() => removeFromCouch(adminUrl, databasePrefix));
  const node = await start('node1', SCRIPTS.mailboxNode, '/ready', (port) => ({
    ...SMALL_HEAP,
    NODE_NAME: 'node1',
    PORT: String(port),
    // A name of its own: the server may be one that others use too.
    COUCHDB_URL: withCredentials(adminUrl, { ...data, user: 'bench' }),
    COUCHDB_ADMIN_URL: adminUrl,
    DATABASE_PREFIX: databasePrefix,
    TOKEN_PUBLIC_KEY: secrets.tokenPublicKey,
  }));

  const signer = createTokenSigner(secrets.tokenPrivateKey);
  const { nameAt } = buckets(BUCKET_SPAN_DAYS, LIMITS.messageTtlMs);
  const stack = cleanup.move();
  return {
    node,
    couchUrl: adminUrl,
    signer,
    storeToken: await signer.master(Date.now() + 12 * HOUR_MS),
    bucketAt: (timeMs) => databasePrefix + nameAt(timeMs),
    createDatabase: async () => {
      const name = `${databasePrefix}raw`;
      await nano(adminUrl).db.create(name);
      return name;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};
