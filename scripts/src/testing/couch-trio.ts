import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buckets, directoryDatabase, LIMITS, MESH_ROLE, nodeDatabase, READER_ROLE } from '@restante/protocol';
import { connectCouch } from '@restante/service-kit';
import { createClusterProcess, type ClusterProcess } from '../cluster/cluster-process.ts';
import { couchEnvironment, SCRIPTS, withCredentials } from '../cluster/roles.ts';
import type { MeshNode } from '../mesh/mesh-node.ts';

/** Three embedded CouchDB servers with databases and users as mailbox nodes make them, and no mesh. */
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
  const nodes = processes.map(({ url }, index) => ({
    name: `node${index + 1}`,
    adminUrl: withCredentials(url, admin),
    meshUrl: withCredentials(url, mesh),
    readerUrl: withCredentials(url, reader),
  }));
  const databases = [directoryDatabase(), buckets(10, LIMITS.messageTtlMs).nameAt(Date.now())] as const;
  for (const { adminUrl } of nodes) {
    await using server = connectCouch(adminUrl, 10_000);
    for (const [{ user: name, password }, role] of [
      [mesh, MESH_ROLE],
      [reader, READER_ROLE],
    ] as const) {
      const body = { name, password, roles: [role], type: 'user' };
      await server.request({ db: '_users', path: `org.couchdb.user:${name}`, method: 'PUT', body });
    }
    await server.request({ db: nodeDatabase(), method: 'PUT' });
    for (const db of databases) {
      await server.request({ db, method: 'PUT' });
      await server.request({
        db,
        path: '_security',
        method: 'PUT',
        body: {
          admins: { names: [], roles: ['_admin'] },
          members: { names: [mesh.user, reader.user], roles: [] },
        },
      });
    }
  }
  return {
    processes,
    nodes,
    databases,
    environment: {
      COUCHDB_URLS: nodes.map(({ adminUrl }) => adminUrl).join(','),
      COUCHDB_SELF_URLS: nodes.map(({ meshUrl }) => meshUrl).join(','),
      COUCHDB_PEERS: nodes.map(({ name, readerUrl }) => `${name}=${readerUrl}`).join(','),
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(processes.map((process) => process.kill('SIGKILL')));
      rmSync(dir, { recursive: true, force: true });
    },
  };
};
