import { fileURLToPath } from 'node:url';
import type { NodeAddress, NodeSurroundings } from './addresses.ts';
import type { ClusterSecrets, Credentials } from './secrets.ts';

/** The environment of each kind of process. */
export type Environment = Readonly<Record<string, string>>;

const script = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

export const SCRIPTS = {
  couch: script('couchdb/embedded/main.ts'),
  mailboxNode: script('mailbox-node/src/main.ts'),
  master: script('master-node/src/main.ts'),
  front: script('scripts/src/front/main.ts'),
  watch: script('scripts/src/watch/main.ts'),
};

export const withCredentials = (address: string, { user, password }: Credentials): string => {
  const url = new URL(address);
  url.username = user;
  url.password = password;
  return url.href.replace(/\/$/, '');
};

/**
 * A heap that grows with need: left alone, V8 lets it grow with the memory of the machine, to 350 MB for a mailbox
 * node that uses 30, and malloc keeps what each thread has freed. `youngMb`: half of the space for new objects.
 */
const boundHeap = (youngMb: number): Environment => ({
  NODE_OPTIONS: `--max-semi-space-size=${youngMb} --max-old-space-size=512`,
  MALLOC_ARENA_MAX: '2',
});

/** For mailbox nodes. The bound leaves room for 120 of the largest pages at once. */
export const SMALL_HEAP = boundHeap(2);
/** For processes that make much that is soon forgotten. */
const BUSY_HEAP = boundHeap(8);

export const couchEnvironment = (port: number, dataDir: string, admin: Credentials): Environment => ({
  ...BUSY_HEAP,
  EMBEDDED_COUCH_PORT: String(port),
  EMBEDDED_COUCH_DATA_DIR: dataDir,
  EMBEDDED_COUCH_ADMIN: admin.user,
  EMBEDDED_COUCH_PASSWORD: admin.password,
  EMBEDDED_COUCH_EXIT_WITH_PARENT: '1',
});

export const mailboxNodeEnvironment = (
  port: number,
  { own, mesh }: NodeSurroundings,
  databasePrefix: string,
  secrets: ClusterSecrets,
): Environment => ({
  ...SMALL_HEAP,
  NODE_NAME: own.name,
  PORT: String(port),
  COUCHDB_URL: own.dataUrl,
  COUCHDB_ADMIN_URL: own.adminUrl,
  MESH_SELF_URL: own.meshUrl,
  MESH_PEERS: mesh.map(({ name, url }) => `${name}=${url}`).join(','),
  DATABASE_PREFIX: databasePrefix,
  TOKEN_PUBLIC_KEY: secrets.tokenPublicKey,
});

export const masterEnvironment = (
  port: number,
  directoryUrls: readonly string[],
  mailboxNodes: readonly NodeAddress[],
  masters: { readonly count: number; readonly busUrls: readonly string[] },
  databasePrefix: string,
  secrets: ClusterSecrets,
): Environment => ({
  ...BUSY_HEAP,
  PORT: String(port),
  MASTERS: String(masters.count),
  BUS_URLS: masters.busUrls.join(','),
  DIRECTORY_URLS: directoryUrls.join(','),
  DATABASE_PREFIX: databasePrefix,
  MAILBOX_NODES: mailboxNodes.map(({ name, url, publicUrl }) => `${name}=${url}|${publicUrl}`).join(','),
  TOKEN_PRIVATE_KEY: secrets.tokenPrivateKey,
  TOKEN_PUBLIC_KEY: secrets.tokenPublicKey,
  DIRECTORY_PRIVATE_KEY: secrets.directoryPrivateKey,
  DIRECTORY_PUBLIC_KEYS: secrets.directoryPublicKeys,
  TRUST_PROXY: 'loopback',
});

export const frontEnvironment = (
  port: number,
  masters: readonly { readonly url: string }[],
  mailboxNodes: readonly { readonly url: string }[],
): Environment => ({
  PORT: String(port),
  MASTER_URLS: masters.map(({ url }) => url).join(','),
  MAILBOX_NODE_URLS: mailboxNodes.map(({ url }) => url).join(','),
});
