import {
  CAUGHT_UP,
  connectCouch,
  createLog,
  Counter,
  createRegistry,
  createSetAside,
  writeKept,
  type Logger,
  type SetAside,
} from '@restante/service-kit';
import { startCouches, type TestCouches } from '@restante/testkit';
import { createDirectoryReader, type DirectoryReader } from '../directory/couch-directory-reader.ts';
import { connectCouchServers, type CouchServers } from '../directory/couch-servers.ts';
import { startDirectoryKeeping } from '../directory/directory-keeping.ts';
import { createMetrics, type Metrics } from '../metrics.ts';
import { DIRECTORY_FAULTS, type DirectoryFault } from '../directory/directory-faults.ts';
import { createDirectorySignatures, type DirectorySignatures } from '../directory/directory-signatures.ts';
import { testKeys } from './test-nodes.model.ts';

/** CouchDBs of their own with an empty database `directory` each, which says that it is complete. */
export type TestDirectories = AsyncDisposable & {
  readonly urls: readonly string[];
  readonly database: string;
  /** The database of the node of each. */
  readonly node: string;
  /** Connects to some of them, in this order. */
  readonly connect: (...urls: readonly string[]) => CouchServers;
  readonly setAside: SetAside<DirectoryFault>;
  readonly reader: DirectoryReader;
  readonly signatures: DirectorySignatures;
  /** What a master does unasked for the directory of these servers. */
  readonly keep: (servers: CouchServers) => AsyncDisposable & { readonly metrics: Metrics };
  /** Replicates once, from the first to the second. */
  readonly replicate: (from: string, to: string) => Promise<void>;
  readonly request: (url: string, method: string, path: string, body?: unknown) => Promise<unknown>;
  /** Creates the database, as it is after a loss: nobody has said that it is complete. */
  readonly create: (url: string) => Promise<void>;
  /** Says that it is complete, as its mailbox node does. */
  readonly complete: (url: string) => Promise<void>;
};

export const silentLog: Logger = createLog('test', 'silent');

const request: TestDirectories['request'] = async (url, method, path, body) => {
  const { origin, username, password } = new URL(url);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const answer = await fetch(`${origin}/${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${answer.status} for ${method} ${path}`);
  return answer.json();
};

export const startTestDirectories = async (count: number): Promise<TestDirectories> =>
  createTestDirectories(await startCouches(count));

/** The databases on given CouchDBs, which end with them. */
export const createTestDirectories = async (couches: TestCouches): Promise<TestDirectories> => {
  const database = `${couches.prefix}directory`;
  const node = `${couches.prefix}node`;
  const about = { node, database };
  const create = async (url: string): Promise<void> => {
    const existing = (await request(url, 'GET', '_all_dbs')) as readonly string[];
    await request(url, 'PUT', database);
    if (!existing.includes(node)) await request(url, 'PUT', node);
  };
  const complete = async (url: string): Promise<void> => {
    await using server = connectCouch(url, 10_000);
    await writeKept(server, about, CAUGHT_UP, { peers: [], isComplete: true });
  };
  await Promise.all(
    couches.adminUrls.map(async (url) => {
      await create(url);
      await complete(url);
    }),
  );
  const connected: CouchServers[] = [];
  const { privateKey, publicKey } = testKeys();
  const signatures = createDirectorySignatures({ privateKey, publicKeys: publicKey });
  const setAside = createSetAside(silentLog, DIRECTORY_FAULTS);
  const reader = createDirectoryReader(setAside);
  return {
    urls: couches.adminUrls,
    database,
    node,
    setAside,
    signatures,
    reader,
    connect: (...urls) => {
      const failovers = new Counter({ name: 'failovers', help: 'x', registers: [createRegistry('test')] });
      const servers = connectCouchServers(urls, about, 2000, {
        log: silentLog,
        failovers,
        signatures,
      });
      connected.push(servers);
      return servers;
    },
    keep: (servers) => {
      const metrics = createMetrics([]);
      const options = {
        log: silentLog,
        reader,
        signatures,
        setAside,
        metrics,
        now: Date.now,
        settledMs: 300,
      };
      const loops = startDirectoryKeeping(servers, options);
      return {
        metrics,
        [Symbol.asyncDispose]: async () => {
          await Promise.all(loops.map((loop) => loop[Symbol.asyncDispose]()));
        },
      };
    },
    replicate: async (from, to) => {
      const [source, target] = [from, to].map((url) => `${url.replace(/\/$/, '')}/${database}`);
      await request(to, 'POST', '_replicate', { source, target });
    },
    request,
    create,
    complete,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(connected.map((servers) => servers[Symbol.asyncDispose]()));
      await couches[Symbol.asyncDispose]();
    },
  };
};
