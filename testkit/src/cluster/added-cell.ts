import { join } from 'node:path';
import {
  couchEnvironment,
  createClusterProcess,
  ensureSecrets,
  holdPorts,
  newPassword,
  SCRIPTS,
  withCredentials,
  type ClusterProcess,
  type Environment,
} from '@restante/scripts/cluster';
import type { TestCluster } from './test-cluster.ts';

/** Three more mailbox nodes with CouchDBs and a mesh of their own, for the masters of a cluster. */
export type AddedCell = AsyncDisposable & {
  readonly couches: readonly ClusterProcess[];
  readonly mailboxNodes: readonly ClusterProcess[];
  /** Each CouchDB with its admin's credentials. */
  readonly couchUrls: readonly string[];
  /** Its part of MAILBOX_NODES. */
  readonly setting: string;
};

const NUMBERS = [4, 5, 6] as const;

/** Starts `node4` to `node6` as the cell `name`. Masters know nothing of them until they are told `setting`. */
export const startAddedCell = async (
  { dataDir, parts }: Pick<TestCluster, 'dataDir' | 'parts'>,
  name: string,
  settings: Environment,
): Promise<AddedCell> => {
  await using cleanup = new AsyncDisposableStack();
  const { tokenPublicKey } = ensureSecrets(dataDir);
  const { databasePrefix } = parts;
  const start = async (processes: readonly ClusterProcess[]): Promise<void> => {
    cleanup.defer(async () => {
      await Promise.all(processes.map((process) => process.kill('SIGKILL')));
    });
    await Promise.all(processes.map((process) => process.start()));
  };
  const create = (
    part: string,
    script: string,
    port: number,
    readyPath: string,
    environment: (port: number) => Environment,
  ): ClusterProcess =>
    createClusterProcess({
      ...{ name: part, script, port, environment, readyPath },
      logFile: join(dataDir, 'logs', `${part}.log`),
      onExit: () => undefined,
    });

  const admin = { user: 'admin', password: newPassword() };
  const couches = NUMBERS.map((number) => {
    const folder = join(dataDir, `couch${number}`);
    return create(`couch${number}`, SCRIPTS.couch, 0, '/_up', (port) =>
      couchEnvironment(port, folder, admin),
    );
  });
  await start(couches);
  const couchUrls = couches.map(({ url }) => withCredentials(url, admin));

  const held = await holdPorts(NUMBERS.length);
  const nodes = held.ports.map((port, index) => {
    const own = { user: `mesh-${index}`, password: newPassword() };
    const reader = { user: `reader-${index}`, password: newPassword() };
    const url = `http://127.0.0.1:${port}`;
    const node = `node${NUMBERS[index]}`;
    return { node, port, self: withCredentials(url, own), peer: `${node}=${withCredentials(url, reader)}` };
  });
  const mailboxNodes = nodes.map(({ node, port, self }, index) => {
    const couchUrl = couchUrls[index] ?? '';
    return create(node, SCRIPTS.mailboxNode, port, '/ready', (ownPort) => ({
      NODE_NAME: node,
      PORT: String(ownPort),
      COUCHDB_URL: withCredentials(couchUrl, { user: 'mailbox-node', password: admin.password }),
      COUCHDB_ADMIN_URL: couchUrl,
      MESH_SELF_URL: self,
      MESH_PEERS: nodes.map(({ peer }) => peer).join(','),
      DATABASE_PREFIX: databasePrefix,
      TOKEN_PUBLIC_KEY: tokenPublicKey,
      ...settings,
    }));
  });
  await held[Symbol.asyncDispose]();
  await start(mailboxNodes);
  const setting = mailboxNodes.map(({ name: node, url }) => `${name}/${node}=${url}|${url}`).join(',');
  const kept = cleanup.move();
  return {
    ...{ couches, mailboxNodes, couchUrls, setting },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
};
