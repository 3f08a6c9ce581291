import {
  blobStore,
  httpUrls,
  objectStoreVariables,
  readEnvironment,
  serverOrigins,
} from '@restante/service-kit';
import { z } from 'zod';

/** The front speaks no TLS to what is behind it. */
const urls = httpUrls.refine(
  (list) => list.every((url) => url.startsWith('http://')),
  'has another than http://',
);

/** Variables of the front. */
export const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535),
  /** Masters, separated by commas. */
  MASTER_URLS: urls,
  /** Mailbox nodes, separated by commas: the first one is `/node1/`. */
  MAILBOX_NODE_URLS: urls,
  /** Origins of all servers, separated by commas; none: there is this one alone. */
  SERVER_ORIGINS: serverOrigins.default([]),
  /** `s3`: the messenger puts and gets files at `S3_ENDPOINT`. */
  BLOB_STORE: blobStore,
  S3_ENDPOINT: objectStoreVariables.S3_ENDPOINT,
  /** The built messenger; without it there is none at `/`. */
  MESSENGER_DIR: z.string().optional(),
});

export type FrontConfig = {
  readonly host: string;
  readonly port: number;
  readonly masterUrls: readonly string[];
  readonly mailboxNodeUrls: readonly string[];
  readonly serverOrigins: readonly string[];
  /** Where files lie that do not lie with the servers; null: they do. */
  readonly objectStoreOrigin: string | null;
  readonly messengerDir: string | null;
};

/** @throws ConfigError */
export const readConfig = (variables: Readonly<Record<string, string | undefined>>): FrontConfig => {
  const read = readEnvironment(environment, variables);
  return {
    host: read.HOST,
    port: read.PORT,
    masterUrls: read.MASTER_URLS,
    mailboxNodeUrls: read.MAILBOX_NODE_URLS,
    serverOrigins: read.SERVER_ORIGINS,
    objectStoreOrigin: read.BLOB_STORE === 's3' ? (read.S3_ENDPOINT ?? null) : null,
    messengerDir: read.MESSENGER_DIR ?? null,
  };
};
