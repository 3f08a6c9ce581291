import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createDirectorySignatures, type DirectorySignatures } from '@restante/master-node';
import { buckets, LIMITS } from '@restante/protocol';
import {
  ensureSecrets,
  removeFromCouch,
  startCluster,
  type Cluster,
  type Environment,
} from '@restante/scripts/cluster';
import { createTokenSigner, type TokenSigner } from '@restante/service-kit';
import type { Bench } from '../measurement.ts';
import { newPrefix } from './database-prefix.ts';

/** A whole cluster, with the right to speak for anybody in it. */
export type BenchCluster = Cluster & {
  readonly masterUrl: string;
  readonly signer: TokenSigner;
  readonly signatures: DirectorySignatures;
  /** Name of the database that holds a message of this time. */
  readonly bucketAt: (timeMs: number) => string;
};

const BUCKET_SPAN_DAYS = 10;

/** Few write what many would, and nobody answers. */
const ONE_MAILBOX_FOR_ANYBODY: Environment = {
  MAILBOX_SENDER_MESSAGES: '1000000',
  MAILBOX_STRANGERS_MESSAGES: '1000000',
};

/**
 * Clients of this cluster talk to a master and the mailbox nodes without the front. `master`, `mailboxNode`: more variables of their
 * environments. Accounts cost no work.
 */
export const startBenchCluster = async (
  bench: Bench,
  master: Environment = {},
  masters = 1,
  mailboxNode: Environment = {},
): Promise<BenchCluster> => {
  mkdirSync(bench.dataDir, { recursive: true });
  const dataDir = mkdtempSync(join(bench.dataDir, 'cluster-'));
  const { couchUrls } = bench;
  const databasePrefix = couchUrls === null ? '' : newPrefix();
  const options = bench.nodeOptions === null ? {} : { NODE_OPTIONS: bench.nodeOptions };
  const cluster = await startCluster({
    dataDir,
    masters,
    mailboxAddresses: 'direct',
    databasePrefix,
    ...(couchUrls !== null && { couchUrls }),
    settings: {
      couch: options,
      mailboxNode: { ...options, ...ONE_MAILBOX_FOR_ANYBODY, ...mailboxNode },
      master: { ...options, REGISTRATION_WORK_BITS: '0', ...master },
    },
    onEvent: (event) => {
      if (event.type === 'exited' && !event.expected) bench.progress(`${event.process.name} ended by itself`);
    },
  });
  const secrets = ensureSecrets(dataDir);
  const { nameAt } = buckets(BUCKET_SPAN_DAYS, LIMITS.messageTtlMs);
  return {
    ...cluster,
    masterUrl: cluster.masters[0]!.url,
    signer: createTokenSigner(secrets.tokenPrivateKey),
    signatures: createDirectorySignatures({
      privateKey: secrets.directoryPrivateKey,
      publicKeys: secrets.directoryPublicKeys,
    }),
    bucketAt: (timeMs) => databasePrefix + nameAt(timeMs),
    [Symbol.asyncDispose]: async () => {
      await cluster[Symbol.asyncDispose]();
      for (const url of couchUrls ?? []) await removeFromCouch(url, databasePrefix);
    },
  };
};
