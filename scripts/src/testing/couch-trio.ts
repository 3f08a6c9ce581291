import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buckets, directoryDatabase, LIMITS, nodeDatabase } from '@restante/protocol';
import { connectCouch } from '@restante/service-kit';
import { createClusterProcess, type ClusterProcess } from '../cluster/cluster-process.ts';
import { couchEnvironment, SCRIPTS, withCredentials } from '../cluster/roles.ts';
import type { MeshNode } from '../mesh/mesh-node.ts';
import { startMeshGate } from './mesh-gate.ts';

/** Three embedded CouchDB servers with databases as mailbox nodes make them, a gate for the mesh before each, and no mesh. */
export type CouchTrio = AsyncDisposable & {
  readonly processes: readonly ClusterProcess[];
  readonly nodes: readonly MeshNode[];
  /** `directory` and the current bucket. */
  readonly databases: readonly [string, string];
  /** The environment by which commands find it. */
  readonly environment: Readonly<Record<string, string>>;
};

const admin = { user: 'admin', password: 'admin password' };
const mesh = { user: 'mesh', password: 'mesh password' };
const reader = { user: 'reader', password: 'reader password' };

export const startCouchTrio = async (): Promise<CouchTrio> => {
  const dir = mkdtempSync(join(tmpdir(), 'restante-trio-'));
  const processes = [1, 2, 3].map((number) =>
    createClusterProcess({
      name: `couch${number}`,
      script: SCRIPTS.couch,
      port: 0,
      environment: (port) => couchEnvironment(port, join(dir, `couch${number}`), admin),
      readyPath: '/_up',
      logFile: join(dir, `couch${number}.log`),
      onExit: () => undefined,
    }),
  );
  await Promise.all(processes.map((process) => process.start()));
  const gates = new AsyncDisposableStack();
  const nodes = await Promise.all(
    processes.map(async ({ url }, index) => {
      const adminUrl = withCredentials(url, admin);
      const { host } = gates.use(await startMeshGate(adminUrl, mesh, reader));
      return {
        name: `node${index + 1}`,
        adminUrl,
        meshUrl: withCredentials(`http://${host}`, mesh),
        readerUrl: withCredentials(`http://${host}`, reader),
      };
    }),
  );
  const databases = [directoryDatabase(), buckets(10, LIMITS.messageTtlMs).nameAt(Date.now())] as const;
  for (const { adminUrl } of nodes) {
    await using server = connectCouch(adminUrl, 10_000);
    for (const db of [nodeDatabase(), ...databases]) await server.request({ db, method: 'PUT' });
  }
  return {
    processes,
    nodes,
    databases,
    environment: {
      COUCHDB_URLS: nodes.map(({ adminUrl }) => adminUrl).join(','),
      MESH_SELF_URLS: nodes.map(({ meshUrl }) => meshUrl).join(','),
      MESH_PEERS: nodes.map(({ name, readerUrl }) => `${name}=${readerUrl}`).join(','),
    },
    [Symbol.asyncDispose]: async () => {
      await gates.disposeAsync();
      await Promise.all(processes.map((process) => process.kill('SIGKILL')));
      rmSync(dir, { recursive: true, force: true });
    },
  };
};
