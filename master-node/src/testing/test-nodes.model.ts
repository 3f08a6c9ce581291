import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig as readNodeConfig, startMailboxNode } from '@restante/mailbox-node';
import { VERSIONS, type Versions } from '@restante/protocol';
import { createTokenSigner, type TokenSigner } from '@restante/service-kit';
import { startCouches, startFaultProxy, waitFor, type FaultProxy } from '@restante/testkit';
import { readConfig, startMasterNode, type MasterNode } from '../index.ts';

/** A model of a small cluster: real CouchDB, real mailbox nodes behind fault proxies, and masters as one likes. */
export type TestNodes = AsyncDisposable & {
  /** One fault proxy in front of each mailbox node, by which the masters reach it. */
  readonly proxies: readonly FaultProxy[];
  readonly nodeUrls: readonly string[];
  /** Starts a master with these variables over the defaults; it stops with the nodes. */
  readonly master: (
    variables?: Readonly<Record<string, string>>,
    overrides?: Parameters<typeof startMasterNode>[1],
  ) => Promise<MasterNode>;
  readonly variables: Readonly<Record<string, string>>;
  readonly signer: TokenSigner;
  /** Leaf revisions of an envelope's document, in whichever bucket of a node it is. */
  readonly leaves: (node: string, documentId: string) => Promise<string[]>;
};

/** Cheap passwords, no rate that a test could meet by accident, quick hearts. */
const SETTINGS = {
  PORT: '0',
  ARGON2_MEMORY_KIB: '8',
  ARGON2_PASSES: '1',
  STORE_TIMEOUT_MS: '3000',
  DIRECTORY_TIMEOUT_MS: '20000',
  DRAIN_MS: '3000',
  MESSAGES_PER_DEVICE_PER_MINUTE: '1000000',
  SIGNALS_PER_DEVICE_PER_MINUTE: '1000000',
  ACKNOWLEDGED_PER_DEVICE_PER_MINUTE: '1000000',
  FRAMES_PER_DEVICE_PER_MINUTE: '1000000',
  RECEIPTS_PER_ACCOUNT_PER_MINUTE: '1000000',
  KEY_FETCHES_PER_ACCOUNT_PER_HOUR: '1000000',
  REQUESTS_PER_DEVICE_PER_HOUR: '1000000',
  LOGINS_PER_ADDRESS_PER_MINUTE: '1000000',
  REGISTRATIONS_PER_ADDRESS_PER_HOUR: '1000000',
  NEW_DEVICE_KIB_PER_ADDRESS_PER_HOUR: '1000000',
  REGISTRATION_WORK_BITS: '0',
  TOKENS_PER_ADDRESS_PER_MINUTE: '1000000',
  RENDEZVOUS_PER_ADDRESS_PER_HOUR: '1000000',
  RENDEZVOUS_MESSAGES_PER_ADDRESS_PER_MINUTE: '1000000',
  LOG_LEVEL: 'silent',
};

type Feed = { readonly results: readonly { readonly id: string; readonly changes: { rev: string }[] }[] };

export const testKeys = (): { privateKey: string; publicKey: string } =>
  generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

/**
 * `nodeVariables`: over the defaults of the mailbox nodes. `nodeVersions`: what each of them speaks. All share one CouchDB, and no
 * mesh.
 */
export const startTestNodes = async (
  nodeVariables: Readonly<Record<string, string>> = {},
  nodeVersions: readonly Versions[] = [],
): Promise<TestNodes> => {
  const cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'restante-master-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const couches = cleanup.use(await startCouches(1));
  const [adminUrl = ''] = couches.adminUrls;
  const keys = testKeys();
  const directoryKeys = testKeys();
  const ask = async (path: string): Promise<unknown> => {
    const { origin, username, password } = new URL(adminUrl);
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const headers = { authorization: `Basic ${credentials.toString('base64')}` };
    return (await fetch(`${origin}/${path}`, { headers })).json();
  };

  const nodes = await Promise.all(
    ['node1', 'node2', 'node3'].map(async (name, index) => {
      const couchUrl = new URL(adminUrl);
      couchUrl.username = `${couches.prefix}${name}`;
      couchUrl.password = 'data-path';
      const node = cleanup.use(
        await startMailboxNode(
          readNodeConfig({
            NODE_NAME: name,
            PORT: '0',
            COUCHDB_URL: couchUrl.href,
            COUCHDB_ADMIN_URL: adminUrl,
            DATABASE_PREFIX: `${couches.prefix}${name}-`,
            TOKEN_PUBLIC_KEY: keys.publicKey,
            LOG_LEVEL: 'error',
            REQUESTS_PER_MINUTE: '1000000',
            DELETIONS_PER_MINUTE: '10000000',
            ...nodeVariables,
          }),
          { versions: nodeVersions[index] ?? VERSIONS },
        ),
      );
      const proxy = cleanup.use(await startFaultProxy(node.url));
      return { name, couchUrl: couchUrl.href, url: node.url, proxy };
    }),
  );
  await Promise.all(
    nodes.map(({ name, url }) =>
      waitFor(`${name} to be ready`, async () => (await fetch(`${url}/ready`)).ok),
    ),
  );

  const variables = {
    ...SETTINGS,
    TOKEN_PRIVATE_KEY: keys.privateKey,
    TOKEN_PUBLIC_KEY: keys.publicKey,
    DIRECTORY_PRIVATE_KEY: directoryKeys.privateKey,
    DIRECTORY_PUBLIC_KEYS: directoryKeys.publicKey,
    DIRECTORY_URLS: nodes
      .slice(0, 1)
      .map(({ couchUrl }) => couchUrl)
      .join(','),
    DATABASE_PREFIX: `${couches.prefix}node1-`,
    MAILBOX_NODES: nodes.map(({ name, proxy }) => `${name}=${proxy.url}|/${name}`).join(','),
  };
  return {
    proxies: nodes.map(({ proxy }) => proxy),
    nodeUrls: nodes.map(({ url }) => url),
    variables,
    signer: createTokenSigner(keys.privateKey),
    leaves: async (node, documentId) => {
      const databases = (await ask('_all_dbs')) as string[];
      const buckets = databases.filter((name) => name.startsWith(`${couches.prefix}${node}-messages-`));
      const feeds = await Promise.all(buckets.map((name) => ask(`${name}/_changes?style=all_docs`)));
      return (feeds as Feed[])
        .flatMap(({ results }) => results.filter(({ id }) => id === documentId))
        .flatMap(({ changes }) => changes.map(({ rev }) => rev));
    },
    master: async (own = {}, overrides = {}) =>
      cleanup.use(await startMasterNode(readConfig({ ...variables, ...own }), overrides)),
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
};
