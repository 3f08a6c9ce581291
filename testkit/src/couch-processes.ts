import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnEmbeddedCouch } from '@restante/couchdb/embedded/process';
import type { TestCouches } from './couch.ts';

export type TestCouchProcesses = TestCouches & {
  /** Ends one by SIGKILL. */
  readonly kill: (index: number) => Promise<void>;
  /** Takes away the data of one that was killed. */
  readonly lose: (index: number) => Promise<void>;
  /** Starts one again, on its port and its data. */
  readonly restart: (index: number) => Promise<void>;
};

/** Embedded CouchDB servers as processes that a test kills, whatever COUCHDB_URLS says. */
export const startCouchProcesses = async (count: number): Promise<TestCouchProcesses> => {
  const folder = await mkdtemp(join(tmpdir(), 'restante-couch-'));
  const admin = { name: 'admin', password: randomBytes(8).toString('hex') };
  const dataDir = (index: number): string => join(folder, `couch${index + 1}`);
  const start = (index: number, port: number) => spawnEmbeddedCouch({ dataDir: dataDir(index), port, admin });
  const servers = await Promise.all(Array.from({ length: count }, (_, index) => start(index, 0)));
  return {
    adminUrls: servers.map(({ url }) => url.replace('://', `://${admin.name}:${admin.password}@`)),
    prefix: '',
    kill: (index) => servers[index]!.kill('SIGKILL'),
    lose: (index) => rm(dataDir(index), { recursive: true }),
    restart: async (index) => {
      servers[index] = await start(index, servers[index]!.port);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server.kill('SIGKILL')));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
