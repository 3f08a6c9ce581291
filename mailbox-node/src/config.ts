import {
  blobStore,
  couchUrl,
  databasePrefix,
  messageTtlDays,
  namedCouchUrls,
  nodeName,
  objectStoreAddress,
  objectStoreVariables,
  parseCouchUrl,
  readEnvironment,
  serverOrigins,
  type ObjectStoreAddress,
} from '@restante/service-kit';
import { z } from 'zod';
import type { MeshServers } from './mesh/wanted.ts';

type MeshVariables = {
  readonly NODE_NAME: string;
  readonly COUCHDB_URL: string;
  readonly COUCHDB_ADMIN_URL: string;
  readonly MESH_SELF_URL?: string | undefined;
  readonly MESH_PEERS: readonly { readonly name: string; readonly url: string }[];
};

const userOf = (url: string): string => parseCouchUrl(url).username;

/**
 * What is wrong with the credentials of a mesh, by variable: what the other nodes and this node's replications are given must not be
 * what may delete here (law 12).
 */
const meshFaults = (read: MeshVariables): [keyof MeshVariables, string][] => {
  const { NODE_NAME: name, COUCHDB_URL: data, COUCHDB_ADMIN_URL: admin, MESH_SELF_URL: self } = read;
  if (read.MESH_PEERS.every((peer) => peer.name === name)) return [];
  const own = read.MESH_PEERS.find((peer) => peer.name === name);
  const faults: [keyof MeshVariables, string][] = [];
  const taken = [userOf(data), userOf(admin)];
  if (self === undefined) {
    faults.push([
      'MESH_SELF_URL',
      'is needed with MESH_PEERS: by it this node’s CouchDB writes here what the mesh brings',
    ]);
  } else if (taken.includes(userOf(self))) {
    faults.push(['MESH_SELF_URL', 'needs a user of its own, not that of COUCHDB_URL or COUCHDB_ADMIN_URL']);
  } else taken.push(userOf(self));
  if (own === undefined) {
    faults.push(['MESH_PEERS', 'needs an entry for this node too: by it the others read here']);
  } else if (taken.includes(userOf(own.url))) {
    faults.push(['MESH_PEERS', 'needs a user of its own for this node, which no other variable has']);
  }
  return faults;
};

/** The variables of a mailbox node. The README has them in a table. */
export const environment = z
  .object({
    NODE_NAME: nodeName.default('node1'),
    HOST: z.string().default('127.0.0.1'),
    PORT: z.coerce.number().int().min(0).max(65_535).default(8081),
    COUCHDB_URL: couchUrl,
    COUCHDB_ADMIN_URL: couchUrl,
    MESH_SELF_URL: couchUrl.optional(),
    MESH_PEERS: namedCouchUrls.default([]),
    MESH_PATIENCE_MS: z.coerce.number().int().nonnegative().max(20_000).default(2_000),
    MESH_BLOB_KB_PER_SECOND: z.coerce.number().int().nonnegative().default(0),
    COUCHDB_SELF_URL: z
      .never({ error: 'is of release 0.2.0: MESH_SELF_URL names this node itself' })
      .optional(),
    COUCHDB_PEERS: z.never({ error: 'is of release 0.2.0: MESH_PEERS names the mailbox nodes' }).optional(),
    DATABASE_PREFIX: databasePrefix.optional(),
    TOKEN_PUBLIC_KEY: z.string(),
    BUCKET_SPAN_DAYS: z.coerce.number().int().min(1).max(365).default(10),
    MESSAGE_TTL_DAYS: messageTtlDays,
    MAILBOX_MAX_MESSAGES: z.coerce.number().int().positive().default(10_000),
    MAILBOX_SENDER_MESSAGES: z.coerce.number().int().positive().default(5_000),
    MAILBOX_STRANGERS_MESSAGES: z.coerce.number().int().positive().default(200),
    REQUESTS_PER_MINUTE: z.coerce.number().int().positive().default(600),
    DELETIONS_PER_MINUTE: z.coerce.number().int().positive().default(60_000),
    PARTS_PER_MINUTE: z.coerce.number().int().positive().default(3_000),
    BLOB_STORE: blobStore,
    ...objectStoreVariables,
    SERVER_ORIGINS: serverOrigins.default([]),
    MAX_LISTENERS: z.coerce.number().int().positive().default(2_000),
    CANARY_INTERVAL_MS: z.coerce.number().int().positive().default(5_000),
    MAINTENANCE_INTERVAL_MS: z.coerce.number().int().positive().default(10_000),
    LEDGER_INTERVAL_MS: z.coerce.number().int().positive().default(60_000),
    LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  })
  .superRefine((read, context) => {
    for (const [variable, message] of meshFaults(read)) {
      context.addIssue({ code: 'custom', path: [variable], message });
    }
    const store = objectStoreAddress(read);
    if (read.BLOB_STORE !== 's3' || !('missing' in store)) return;
    for (const variable of store.missing)
      context.addIssue({ code: 'custom', path: [variable], message: 'is needed with BLOB_STORE=s3' });
  });

/** The credentials of this node's gate, and where the other nodes' are. */
export type MeshConfig = MeshServers & {
  /** This node as the others reach it, with the credentials that they read with. */
  readonly readerUrl: string;
  /** How long a few new documents are waited for before they are fetched from a peer. */
  readonly patienceMs: number;
  /** Bytes of blobs that the others read here in a second; null: as many as they can. */
  readonly blobBytesPerSecond: number | null;
};

export type Config = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly couch: {
    /** The data path: a user that is a member of this node's databases and nothing else. */
    readonly url: string;
    /** A server admin: creates and drops databases, writes to `_replicator` and `_users`. */
    readonly adminUrl: string;
    /** Null: a node alone. */
    readonly mesh: MeshConfig | null;
    readonly databasePrefix: string;
  };
  /** Where new parts of blobs go; null: into CouchDB. */
  readonly objectStore: ObjectStoreAddress | null;
  readonly tokenPublicKey: string;
  readonly bucketSpanDays: number;
  readonly messageTtlMs: number;
  readonly mailboxMaxMessages: number;
  /** Of one sender in one mailbox. */
  readonly mailboxSenderMessages: number;
  /** Of all strangers together in one mailbox; one of them may have a quarter of it. */
  readonly mailboxStrangersMessages: number;
  readonly requestsPerMinute: number;
  readonly deletionsPerMinute: number;
  /** Of one blob, read and written. */
  readonly partsPerMinute: number;
  /** Of the servers whose pages may ask. */
  readonly serverOrigins: readonly string[];
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
  const isSelf = ({ name }: { readonly name: string }): boolean => name === read.NODE_NAME;
  const peers = read.MESH_PEERS.filter((peer) => !isSelf(peer));
  const [selfUrl, readerUrl] = [read.MESH_SELF_URL, read.MESH_PEERS.find(isSelf)?.url];
  const objectStore = objectStoreAddress(read);
  const isAlone = peers.length === 0 || selfUrl === undefined || readerUrl === undefined;
  const pace = {
    patienceMs: read.MESH_PATIENCE_MS,
    blobBytesPerSecond: read.MESH_BLOB_KB_PER_SECOND === 0 ? null : read.MESH_BLOB_KB_PER_SECOND * 1024,
  };
  return {
    name: read.NODE_NAME,
    host: read.HOST,
    port: read.PORT,
    couch: {
      url: read.COUCHDB_URL,
      adminUrl: read.COUCHDB_ADMIN_URL,
      mesh: isAlone ? null : { selfUrl, readerUrl, peers, ...pace },
      databasePrefix: read.DATABASE_PREFIX ?? '',
    },
    objectStore: read.BLOB_STORE === 's3' && !('missing' in objectStore) ? objectStore : null,
    tokenPublicKey: read.TOKEN_PUBLIC_KEY,
    bucketSpanDays: read.BUCKET_SPAN_DAYS,
    messageTtlMs: read.MESSAGE_TTL_DAYS,
    mailboxMaxMessages: read.MAILBOX_MAX_MESSAGES,
    mailboxSenderMessages: read.MAILBOX_SENDER_MESSAGES,
    mailboxStrangersMessages: read.MAILBOX_STRANGERS_MESSAGES,
    requestsPerMinute: read.REQUESTS_PER_MINUTE,
    deletionsPerMinute: read.DELETIONS_PER_MINUTE,
    partsPerMinute: read.PARTS_PER_MINUTE,
    serverOrigins: read.SERVER_ORIGINS,
    maxListeners: read.MAX_LISTENERS,
    canaryIntervalMs: read.CANARY_INTERVAL_MS,
    maintenanceIntervalMs: read.MAINTENANCE_INTERVAL_MS,
    ledgerIntervalMs: read.LEDGER_INTERVAL_MS,
    logLevel: read.LOG_LEVEL,
  };
};
