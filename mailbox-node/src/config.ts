import {
  couchUrl,
  databasePrefix,
  messageTtlDays,
  namedCouchUrls,
  nodeName,
  readEnvironment,
} from '@restante/service-kit';
import { z } from 'zod';

/** The variables of a mailbox node. The README has them in a table. */
export const environment = z.object({
  NODE_NAME: nodeName.default('node1'),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8081),
  COUCHDB_URL: couchUrl,
  COUCHDB_ADMIN_URL: couchUrl,
  COUCHDB_SELF_URL: couchUrl.optional(),
  COUCHDB_PEERS: namedCouchUrls.default([]),
  DATABASE_PREFIX: databasePrefix.optional(),
  TOKEN_PUBLIC_KEY: z.string(),
  BUCKET_SPAN_DAYS: z.coerce.number().int().min(1).max(365).default(10),
  MESSAGE_TTL_DAYS: messageTtlDays,
  MAILBOX_MAX_MESSAGES: z.coerce.number().int().positive().default(10_000),
  REQUESTS_PER_MINUTE: z.coerce.number().int().positive().default(600),
  MAX_LISTENERS: z.coerce.number().int().positive().default(2_000),
  CANARY_INTERVAL_MS: z.coerce.number().int().positive().default(5_000),
  MAINTENANCE_INTERVAL_MS: z.coerce.number().int().positive().default(10_000),
  LEDGER_INTERVAL_MS: z.coerce.number().int().positive().default(60_000),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type Config = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly couch: {
    /** The data path: a user that is a member of this node's databases and nothing else. */
    readonly url: string;
    /** A server admin: creates and drops databases, writes to `_replicator` and `_users`. */
    readonly adminUrl: string;
    /** The data path as this CouchDB itself reaches it. */
    readonly selfUrl: string;
    /** The data paths of the other nodes, as this CouchDB reaches them. */
    readonly peers: readonly { readonly name: string; readonly url: string }[];
    readonly databasePrefix: string;
  };
  readonly tokenPublicKey: string;
  readonly bucketSpanDays: number;
  readonly messageTtlMs: number;
  readonly mailboxMaxMessages: number;
  readonly requestsPerMinute: number;
  readonly maxListeners: number;
  readonly canaryIntervalMs: number;
  readonly maintenanceIntervalMs: number;
  readonly ledgerIntervalMs: number;
  readonly logLevel: string;
};

/**
 * Reads the configuration of a mailbox node.
 *
 * @throws ConfigError naming every bad variable
 */
export const readConfig = (variables: Readonly<Record<string, string | undefined>>): Config => {
  const read = readEnvironment(environment, variables);
  return {
    name: read.NODE_NAME,
    host: read.HOST,
    port: read.PORT,
    couch: {
      url: read.COUCHDB_URL,
      adminUrl: read.COUCHDB_ADMIN_URL,
      selfUrl: read.COUCHDB_SELF_URL ?? read.COUCHDB_URL,
      peers: read.COUCHDB_PEERS.filter(({ name }) => name !== read.NODE_NAME),
      databasePrefix: read.DATABASE_PREFIX ?? '',
    },
    tokenPublicKey: read.TOKEN_PUBLIC_KEY,
    bucketSpanDays: read.BUCKET_SPAN_DAYS,
    messageTtlMs: read.MESSAGE_TTL_DAYS,
    mailboxMaxMessages: read.MAILBOX_MAX_MESSAGES,
    requestsPerMinute: read.REQUESTS_PER_MINUTE,
    maxListeners: read.MAX_LISTENERS,
    canaryIntervalMs: read.CANARY_INTERVAL_MS,
    maintenanceIntervalMs: read.MAINTENANCE_INTERVAL_MS,
    ledgerIntervalMs: read.LEDGER_INTERVAL_MS,
    logLevel: read.LOG_LEVEL,
  };
};
