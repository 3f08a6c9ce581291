import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedCouch, type EmbeddedCouchConfig } from '@restante/couchdb/embedded';
import { removeFromCouch } from '@restante/scripts/cluster';

/** CouchDB servers for a test. */
export type TestCouches = AsyncDisposable & {
  /** URLs with an admin's credentials. */
  readonly adminUrls: readonly string[];
  /** For the databases of this test: no other test on the same servers has it. */
  readonly prefix: string;
};

/** Asks a server at a URL with credentials; answers with its status and its JSON. */
export const askCouch = async (
  url: string,
  path: string,
  method = 'GET',
  body?: object,
): Promise<{ readonly status: number; readonly body: unknown }> => {
  const { origin, pathname, username, password } = new URL(url);
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const answer = await fetch(`${origin}${pathname.replace(/\/$/, '')}/${path}`, {
    method,
    headers: {
      authorization: `Basic ${credentials.toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
};

const newPrefix = (): string => `t${randomBytes(5).toString('hex')}-`;

/**
 * The first `count` servers of COUCHDB_URLS when it is set, otherwise as many embedded ones on disk. `embedded`: how those
 * are to differ.
 */
export const startCouches = async (
  count: number,
  embedded: Pick<EmbeddedCouchConfig, 'retryMs'> = {},
): Promise<TestCouches> => {
  const prefix = newPrefix();
  const given = (process.env['COUCHDB_URLS'] ?? '').split(',').filter((url) => url !== '');
  if (given.length > 0) {
    const adminUrls = given.slice(0, count);
    if (adminUrls.length < count) throw new Error(`COUCHDB_URLS has ${given.length} of ${count} servers`);
    return {
      adminUrls,
      prefix,
      [Symbol.asyncDispose]: async () => {
        await Promise.all(adminUrls.map((url) => removeFromCouch(url, prefix)));
      },
    };
  }
  const folder = await mkdtemp(join(tmpdir(), 'restante-couch-'));
  const admin = { name: 'admin', password: randomBytes(8).toString('hex') };
  const servers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      startEmbeddedCouch({ ...embedded, dataDir: join(folder, `couch${index + 1}`), port: 0, admin }),
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
