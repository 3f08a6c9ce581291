import { directoryDatabase, nodeDatabase } from '@restante/protocol';
import { z } from 'zod';
import {
  blobStore,
  objectStoreVariables,
  ConfigError,
  couchUrls,
  databasePrefix,
  httpUrl,
  messageTtlDays,
  readEnvironment,
  serverOrigins,
} from '@restante/service-kit';
import type { NatsBusOptions } from './live/nats-bus.ts';
import type { Cell } from './mailboxes/cell.ts';

const count = (fallback: number) => z.coerce.number().int().positive().default(fallback);

const NATS_PORT = '4222';

const names = z.string().transform((text) => text.split(',').map((part) => part.trim()));

const NODE = /^(?:([\w-]+)\/)?([\w-]+)=([^|\s]+)\|(\S+)$/;

const DEFAULT_CELL = 'default';

const isPublicUrl = (text: string): boolean => /^\/[\w./-]*$/.test(text) || httpUrl.safeParse(text).success;

/** `[cell/]name=internalUrl|publicUrl`, separated by commas; names are of all cells. Nodes without a cell are in the cell `default`. */
const cells = z.string().transform((text, context): Cell[] => {
  const found = new Map<string, Cell['nodes'][number][]>();
  const taken = new Set<string>();
  for (const part of text.split(',')) {
    const [, cell = DEFAULT_CELL, name = '', address = '', publicUrl = ''] = NODE.exec(part.trim()) ?? [];
    const url = httpUrl.safeParse(address);
    if (name === '' || !url.success || !isPublicUrl(publicUrl)) {
      context.addIssue('needs [cell/]name=internalUrl|publicUrl for each node');
      return z.NEVER;
    }
    if (taken.has(name)) {
      context.addIssue(`names the node ${name} twice: a name is of all cells`);
      return z.NEVER;
    }
    taken.add(name);
    found.set(cell, [...(found.get(cell) ?? []), { name, url: url.data, publicUrl }]);
  }
  return [...found].map(([name, nodes]) => ({ name, nodes }));
});

/** `nats://user:password@host:port`, separated by commas; or `tls://` in each. A message never quotes: there is a password in it. */
const busServers = z.string().transform((text, context): Omit<NatsBusOptions, 'databasePrefix'> => {
  const urls = text.split(',').flatMap((part) => URL.parse(part.trim()) ?? []);
  const first = urls[0];
  const isWhole =
    urls.length === text.split(',').length &&
    urls.every(
      ({ protocol, hostname, username, password, pathname, search, hash }) =>
        (protocol === 'nats:' || protocol === 'tls:') &&
        ![hostname, username, password].includes('') &&
        (pathname === '' || pathname === '/') &&
        search + hash === '',
    );
  if (first === undefined || !isWhole) {
    context.addIssue('needs nats://user:password@host:port, or tls://, for each server');
    return z.NEVER;
  }
  const isAlike = urls.every((url) =>
    (['protocol', 'username', 'password'] as const).every((part) => url[part] === first[part]),
  );
  if (!isAlike) {
    context.addIssue('needs one user, one password and one kind of connection for all servers');
    return z.NEVER;
  }
  try {
    return {
      servers: urls.map(({ hostname, port }) => `${hostname}:${port === '' ? NATS_PORT : port}`),
      user: decodeURIComponent(first.username),
      password: decodeURIComponent(first.password),
      isTls: first.protocol === 'tls:',
    };
  } catch {
    context.addIssue('needs % in a name or password escaped: %25');
    return z.NEVER;
  }
});

const MB = 1024 * 1024;

/** Variables of a master node, as they stand in the environment. */
export const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  TOKEN_PRIVATE_KEY: z.string(),
  TOKEN_PUBLIC_KEY: z.string(),
  DIRECTORY_PRIVATE_KEY: z.string(),
  DIRECTORY_PUBLIC_KEYS: z.string(),
  DIRECTORY_URLS: couchUrls,
  DATABASE_PREFIX: databasePrefix.optional(),
  MAILBOX_NODES: cells,
  JOINING_CELL: z.string().optional(),
  MASTERS: count(1),
  BUS_URLS: busServers.optional(),
  WRITE_CONCERN: count(2),
  WRITE_POLICY: z.enum(['available', 'strict']).default('available'),
  MESSAGE_TTL_DAYS: messageTtlDays,
  STORE_TIMEOUT_MS: count(2000),
  DIRECTORY_TIMEOUT_MS: count(5000),
  MASTER_TOKEN_TTL_MINUTES: count(60),
  MAILBOX_TOKEN_TTL_HOURS: count(48),
  ARGON2_MEMORY_KIB: z.coerce.number().int().min(8).max(1_048_576).default(19_456),
  ARGON2_PASSES: z.coerce.number().int().min(1).max(16).default(2),
  ARGON2_CONCURRENCY: count(2),
  MAX_CONNECTIONS: count(20_000),
  SOCKET_BUFFER_BYTES: count(4 * 1024 * 1024),
  HEARTBEAT_MS: count(20_000),
  STALL_MS: count(60_000),
  DRAIN_MS: count(10_000),
  SERVER_ORIGINS: serverOrigins.default([]),
  ALLOWED_ORIGINS: names.optional(),
  TRUST_PROXY: z.string().optional(),
  MESSAGES_PER_DEVICE_PER_MINUTE: count(6000),
  SIGNALS_PER_DEVICE_PER_MINUTE: count(600),
  ACKNOWLEDGED_PER_DEVICE_PER_MINUTE: count(60_000),
  FRAMES_PER_DEVICE_PER_MINUTE: count(12_000),
  RECEIPTS_PER_ACCOUNT_PER_MINUTE: count(3000),
  KEY_FETCHES_PER_ACCOUNT_PER_HOUR: count(90),
  REQUESTS_PER_DEVICE_PER_HOUR: count(2000),
  LOGINS_PER_ADDRESS_PER_MINUTE: count(60),
  LOGIN_FAILURES_PER_USERNAME_PER_HOUR: count(20),
  REGISTRATIONS_PER_ADDRESS_PER_HOUR: count(100),
  NEW_DEVICE_KIB_PER_ADDRESS_PER_HOUR: count(20_000),
  REGISTRATION: z.enum(['open', 'invite', 'closed']).default('open'),
  REGISTRATION_WORK_BITS: z.coerce.number().int().min(0).max(24).default(18),
  TOKENS_PER_ADDRESS_PER_MINUTE: count(300),
  BLOB_STORE: blobStore,
  S3_ENDPOINT: objectStoreVariables.S3_ENDPOINT,
  BLOB_MAX_MB: z.coerce.number().int().min(1).max(900).default(100),
  BLOB_MB_PER_ACCOUNT_PER_DAY: count(2000),
  BLOB_READS_PER_DEVICE_PER_HOUR: count(3000),
  RENDEZVOUS_PER_ADDRESS_PER_HOUR: count(100),
  RENDEZVOUS_MESSAGES_PER_ADDRESS_PER_MINUTE: count(1000),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type Limits = {
  readonly messagesPerMinute: number;
  readonly signalsPerMinute: number;
  readonly acknowledgedPerMinute: number;
  readonly receiptsPerMinute: number;
  readonly keyFetchesPerHour: number;
  readonly requestsPerHour: number;
  readonly loginsPerMinute: number;
  readonly loginFailuresPerHour: number;
  readonly registrationsPerHour: number;
  readonly newDeviceBytesPerHour: number;
  readonly tokensPerMinute: number;
  readonly blobBytesPerDay: number;
  readonly blobReadsPerHour: number;
  readonly rendezvousPerHour: number;
  readonly rendezvousMessagesPerMinute: number;
};

export type Config = {
  readonly host: string;
  readonly port: number;
  readonly tokens: {
    readonly privateKey: string;
    readonly publicKey: string;
    readonly masterTtlMs: number;
    readonly mailboxTtlMs: number;
  };
  readonly directory: {
    /** Signs the documents of the directory. */
    readonly privateKey: string;
    /** All whose signatures are accepted, one after the other. */
    readonly publicKeys: string;
    readonly urls: readonly string[];
    readonly database: string;
    /** Where the mailbox node of each keeps what it knows of it. */
    readonly node: string;
    readonly timeoutMs: number;
  };
  /** How many masters serve the same people, this one included. */
  readonly masters: number;
  /** Between them; null: there is one master. */
  readonly bus: NatsBusOptions | null;
  readonly mailboxes: {
    readonly cells: readonly Cell[];
    /** The cell that is being added: its accounts have their mail in the former one too. */
    readonly joining: string | null;
    readonly writeConcern: number;
    readonly writePolicy: 'available' | 'strict';
    readonly messageTtlMs: number;
    readonly timeoutMs: number;
  };
  readonly passwords: {
    readonly memoryKib: number;
    readonly passes: number;
    readonly concurrency: number;
  };
  readonly sockets: {
    readonly maxConnections: number;
    readonly bufferBytes: number;
    readonly framesPerMinute: number;
    readonly heartbeatMs: number;
    readonly stallMs: number;
    readonly drainMs: number;
  };
  /** Of all servers, this one's too; none: there is one, which need not know by what it is reached. */
  readonly serverOrigins: readonly string[];
  /** Of browsers' pages that may connect; null for any. */
  readonly allowedOrigins: readonly string[] | null;
  readonly trustProxy: string | null;
  /** Of the object store in which mailbox nodes tell places, at which clients put and get parts themselves; null: there is none. */
  readonly objectStoreOrigin: string | null;
  /** Of the largest file. */
  readonly blobContentBytes: number;
  readonly registration: {
    readonly mode: 'open' | 'invite' | 'closed';
    /** Zero bits that the work for an account has; 0: it costs nothing. */
    readonly workBits: number;
  };
  readonly rateLimits: Limits;
  readonly logLevel: string;
};

/**
 * The configuration in the units that the code uses.
 *
 * @throws ConfigError naming every bad variable
 */
export const readConfig = (variables: Readonly<Record<string, string | undefined>>): Config => {
  const read = readEnvironment(environment, variables);
  const { MAILBOX_NODES, JOINING_CELL, WRITE_CONCERN } = read;
  for (const { name, nodes } of MAILBOX_NODES) {
    if (WRITE_CONCERN > nodes.length)
      throw new ConfigError(
        `WRITE_CONCERN is ${WRITE_CONCERN}, but the cell ${name} of MAILBOX_NODES has ${nodes.length} nodes`,
      );
  }
  if (JOINING_CELL !== undefined) {
    if (!MAILBOX_NODES.some(({ name }) => name === JOINING_CELL))
      throw new ConfigError(`JOINING_CELL is ${JOINING_CELL}, and MAILBOX_NODES has no such cell`);
    if (MAILBOX_NODES.length === 1)
      throw new ConfigError(`JOINING_CELL is ${JOINING_CELL}, and MAILBOX_NODES has no cell that it joins`);
  }
  if (read.BLOB_STORE === 's3' && read.S3_ENDPOINT === undefined)
    throw new ConfigError('BLOB_STORE is s3, and S3_ENDPOINT does not say where that is');
  if (read.MASTERS > 1 && read.BUS_URLS === undefined) {
    throw new ConfigError(`MASTERS is ${read.MASTERS}, and BUS_URLS names no bus between them`);
  }
  const allowed = [...read.SERVER_ORIGINS, ...(read.ALLOWED_ORIGINS ?? [])];
  return {
    host: read.HOST,
    port: read.PORT,
    tokens: {
      privateKey: read.TOKEN_PRIVATE_KEY,
      publicKey: read.TOKEN_PUBLIC_KEY,
      masterTtlMs: read.MASTER_TOKEN_TTL_MINUTES * 60_000,
      mailboxTtlMs: read.MAILBOX_TOKEN_TTL_HOURS * 3_600_000,
    },
    directory: {
      privateKey: read.DIRECTORY_PRIVATE_KEY,
      publicKeys: read.DIRECTORY_PUBLIC_KEYS,
      urls: read.DIRECTORY_URLS,
      database: directoryDatabase(read.DATABASE_PREFIX),
      node: nodeDatabase(read.DATABASE_PREFIX),
      timeoutMs: read.DIRECTORY_TIMEOUT_MS,
    },
    masters: read.MASTERS,
    bus: read.BUS_URLS ? { ...read.BUS_URLS, databasePrefix: read.DATABASE_PREFIX ?? '' } : null,
    mailboxes: {
      cells: MAILBOX_NODES,
      joining: JOINING_CELL ?? null,
      writeConcern: WRITE_CONCERN,
      writePolicy: read.WRITE_POLICY,
      messageTtlMs: read.MESSAGE_TTL_DAYS,
      timeoutMs: read.STORE_TIMEOUT_MS,
    },
    passwords: {
      memoryKib: read.ARGON2_MEMORY_KIB,
      passes: read.ARGON2_PASSES,
      concurrency: read.ARGON2_CONCURRENCY,
    },
    sockets: {
      maxConnections: read.MAX_CONNECTIONS,
      bufferBytes: read.SOCKET_BUFFER_BYTES,
      framesPerMinute: read.FRAMES_PER_DEVICE_PER_MINUTE,
      heartbeatMs: read.HEARTBEAT_MS,
      stallMs: read.STALL_MS,
      drainMs: read.DRAIN_MS,
    },
    serverOrigins: read.SERVER_ORIGINS,
    allowedOrigins: allowed.length > 0 ? allowed : null,
    trustProxy: read.TRUST_PROXY ?? null,
    objectStoreOrigin: read.BLOB_STORE === 's3' ? (read.S3_ENDPOINT ?? null) : null,
    blobContentBytes: read.BLOB_MAX_MB * MB,
    registration: { mode: read.REGISTRATION, workBits: read.REGISTRATION_WORK_BITS },
    rateLimits: {
      messagesPerMinute: read.MESSAGES_PER_DEVICE_PER_MINUTE,
      signalsPerMinute: read.SIGNALS_PER_DEVICE_PER_MINUTE,
      acknowledgedPerMinute: read.ACKNOWLEDGED_PER_DEVICE_PER_MINUTE,
      receiptsPerMinute: read.RECEIPTS_PER_ACCOUNT_PER_MINUTE,
      keyFetchesPerHour: read.KEY_FETCHES_PER_ACCOUNT_PER_HOUR,
      requestsPerHour: read.REQUESTS_PER_DEVICE_PER_HOUR,
      loginsPerMinute: read.LOGINS_PER_ADDRESS_PER_MINUTE,
      loginFailuresPerHour: read.LOGIN_FAILURES_PER_USERNAME_PER_HOUR,
      registrationsPerHour: read.REGISTRATIONS_PER_ADDRESS_PER_HOUR,
      newDeviceBytesPerHour: 1024 * read.NEW_DEVICE_KIB_PER_ADDRESS_PER_HOUR,
      tokensPerMinute: read.TOKENS_PER_ADDRESS_PER_MINUTE,
      blobBytesPerDay: read.BLOB_MB_PER_ACCOUNT_PER_DAY * MB,
      blobReadsPerHour: read.BLOB_READS_PER_DEVICE_PER_HOUR,
      rendezvousPerHour: read.RENDEZVOUS_PER_ADDRESS_PER_HOUR,
      rendezvousMessagesPerMinute: read.RENDEZVOUS_MESSAGES_PER_ADDRESS_PER_MINUTE,
    },
    logLevel: read.LOG_LEVEL,
  };
};
