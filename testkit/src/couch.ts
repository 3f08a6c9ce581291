import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedCouch } from '@restante/couchdb/embedded';

/** CouchDB servers for a test. */
export type TestCouches = AsyncDisposable & {
  /** URLs with an admin's credentials. */
  readonly adminUrls: readonly string[];
  /** For the databases of this test: no other test on the same servers has it. */
  readonly prefix: string;
};

const newPrefix = (): string => `t${randomBytes(5).toString('hex')}-`;

const call = async (adminUrl: string, method: string, path: string): Promise<unknown> => {
  const { origin, username, password } = new URL(adminUrl);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const answer = await fetch(`${origin}/${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
  });
  return answer.json();
};

type Rows = { readonly rows?: readonly { readonly id: string; readonly value: { readonly rev: string } }[] };

/** Deletes the replications, databases and users whose names hold the prefix. */
export const cleanCouch = async (adminUrl: string, prefix: string): Promise<void> => {
  for (const database of ['_replicator', '_users']) {
    const { rows = [] } = (await call(adminUrl, 'GET', `${database}/_all_docs`)) as Rows;
    for (const { id, value } of rows.filter((row) => row.id.includes(prefix))) {
      await call(adminUrl, 'DELETE', `${database}/${encodeURIComponent(id)}?rev=${value.rev}`);
    }
  }
  const databases = (await call(adminUrl, 'GET', '_all_dbs')) as string[];
  for (const database of databases.filter((name) => name.startsWith(prefix))) {
    await call(adminUrl, 'DELETE', encodeURIComponent(database));
  }
};

/** The first `count` servers of COUCHDB_URLS when it is set, otherwise as many embedded ones on disk. */
export const startCouches = async (count: number): Promise<TestCouches> => {
  const prefix = newPrefix();
  const given = (process.env['COUCHDB_URLS'] ?? '').split(',').filter((url) => url !== '');
  if (given.length > 0) {
    const adminUrls = given.slice(0, count);
    if (adminUrls.length < count) throw new Error(`COUCHDB_URLS has ${given.length} of ${count} servers`);
    return {
      adminUrls,
      prefix,
      [Symbol.asyncDispose]: async () => {
        await Promise.all(adminUrls.map((url) => cleanCouch(url, prefix)));
      },
    };
  }
  const folder = await mkdtemp(join(tmpdir(), 'restante-couch-'));
  const admin = { name: 'admin', password: randomBytes(8).toString('hex') };
  const servers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      startEmbeddedCouch({ dataDir: join(folder, `couch${index + 1}`), port: 0, admin }),
    ),
  );
  return {
    adminUrls: servers.map(({ url }) => url.replace('://', `://${admin.name}:${admin.password}@`)),
    prefix,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
