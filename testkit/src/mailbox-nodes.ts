import type {
  DeviceAddress,
  MailboxIds,
  MailboxPage,
  MessageId,
  StoredEnvelope,
  StoreResult,
} from '@restante/protocol';
import { startMailboxNode, type Config, type MailboxNode } from '@restante/mailbox-node';
import { createLog } from '@restante/service-kit';
import type { TestCouches } from './couch.ts';
import { holdPorts } from '@restante/scripts/cluster';
import { newTestKeys, type TestKeys } from './test-keys.ts';
import { waitFor } from './wait-for.ts';

/** One mailbox node with what its users send it. Every verb throws when the answer is not 200. */
export type TestNode = MailboxNode & {
  readonly config: Config;
  readonly store: (...envelopes: StoredEnvelope[]) => Promise<StoreResult[]>;
  readonly list: (mailbox: DeviceAddress, query?: string) => Promise<MailboxPage>;
  readonly listIds: (mailbox: DeviceAddress, query?: string) => Promise<MailboxIds>;
  /** Ids of all messages that wait, in order. */
  readonly ids: (mailbox: DeviceAddress) => Promise<MessageId[]>;
  readonly acknowledge: (mailbox: DeviceAddress, ...ids: MessageId[]) => Promise<void>;
  /** Value of one series of `/metrics`, or null. `series` is as printed, with its labels. */
  readonly metric: (series: string) => Promise<number | null>;
};

const withCredentials = (url: string, username: string, password: string): string => {
  const copy = new URL(url);
  copy.username = username;
  copy.password = password;
  return copy.href.replace(/\/$/, '');
};

const parse = async <T>(answer: Response): Promise<T> => {
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`);
  return JSON.parse(text) as T;
};

/** Configurations of nodes in a mesh, one for each CouchDB, with short intervals. */
export const mailboxNodeConfigs = async (couches: TestCouches, keys: TestKeys): Promise<Config[]> => {
  await using held = await holdPorts(couches.adminUrls.length);
  const { ports } = held;
  const nodeAs = (user: string, port: number): string =>
    withCredentials(`http://127.0.0.1:${port}`, user, `${user}-password`);
  const readers = ports.map((port, index) => ({
    name: `node${index + 1}`,
    url: nodeAs(`reader${index + 1}`, port),
  }));
  return readers.map(({ name, url: readerUrl }, index) => ({
    name,
    host: '127.0.0.1',
    port: readers.length === 1 ? 0 : ports[index]!,
    couch: {
      url: withCredentials(couches.adminUrls[index]!, `${couches.prefix}data`, 'data-password'),
      adminUrl: couches.adminUrls[index]!,
      mesh:
        readers.length === 1
          ? null
          : {
              selfUrl: nodeAs('mesh', ports[index]!),
              readerUrl,
              peers: readers.filter((peer) => peer.name !== name),
              patienceMs: 50,
              blobBytesPerSecond: null,
            },
      databasePrefix: couches.prefix,
    },
    objectStore: null,
    tokenPublicKey: keys.publicPem,
    bucketSpanDays: 10,
    messageTtlMs: 30 * 24 * 60 * 60 * 1000,
    mailboxMaxMessages: 10_000,
    mailboxSenderMessages: 10_000,
    mailboxStrangersMessages: 10_000,
    requestsPerMinute: 100_000,
    deletionsPerMinute: 10_000_000,
    partsPerMinute: 10_000_000,
    serverOrigins: [],
    maxListeners: 100,
    canaryIntervalMs: 100,
    maintenanceIntervalMs: 200,
    ledgerIntervalMs: 100,
    logLevel: 'silent',
  }));
};

/** Starts a node in this process and waits until it is ready. */
export const startTestNode = async (
  config: Config,
  keys: TestKeys,
  overrides: Parameters<typeof startMailboxNode>[1] = {},
): Promise<TestNode> => {
  const node = await startMailboxNode(config, { log: createLog('test', config.logLevel), ...overrides });
  await waitFor(`${config.name} is ready`, async () => (await fetch(`${node.url}/ready`)).ok);
  const json = { 'content-type': 'application/json' };
  const inAnHour = (): number => (overrides.now ?? Date.now)() + 3_600_000;
  const asOwner = (mailbox: DeviceAddress) => keys.asDevice(mailbox, 'mailbox', inAnHour());
  const read = async <T>({ accountId, deviceId }: DeviceAddress, page: string, query = ''): Promise<T> =>
    parse(
      await fetch(`${node.url}/messages/${accountId}${page}?device=${deviceId}${query}`, {
        headers: await asOwner({ accountId, deviceId }),
      }),
    );
  const list: TestNode['list'] = (mailbox, query) => read(mailbox, '', query);
  return {
    ...node,
    config,
    list,
    listIds: (mailbox, query) => read(mailbox, '/ids', query),
    store: async (...envelopes) => {
      const answer = await fetch(`${node.url}/messages`, {
        method: 'POST',
        headers: { ...json, ...(await keys.asMaster(inAnHour())) },
        body: JSON.stringify({ envelopes }),
      });
      return (await parse<{ results: StoreResult[] }>(answer)).results;
    },
    ids: async (mailbox) => {
      const ids: MessageId[] = [];
      for (let after: MessageId | null = null; ;) {
        const page: MailboxPage = await list(mailbox, after === null ? '' : `&after=${after}`);
        ids.push(...page.messages.map(({ id }) => id));
        if (page.next === null) return ids;
        after = page.next;
      }
    },
    acknowledge: async (mailbox, ...ids) => {
      await parse(
        await fetch(`${node.url}/messages/delete`, {
          method: 'POST',
          headers: { ...json, ...(await asOwner(mailbox)) },
          body: JSON.stringify({ ids }),
        }),
      );
    },
    metric: async (series) => {
      const text = await (await fetch(`${node.url}/metrics`)).text();
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
      return line === undefined ? null : Number(line.slice(series.length + 1));
    },
  };
};

type Overrides = Parameters<typeof startMailboxNode>[1];

/** CouchDB servers with a mailbox node on each, in a mesh. The servers stay while the nodes come and go. */
export type TestMesh<Couches extends TestCouches = TestCouches> = AsyncDisposable & {
  readonly couches: Couches;
  readonly configs: readonly Config[];
  /** Those that run. */
  readonly nodes: readonly TestNode[];
  readonly stop: () => Promise<void>;
  /** Starts all nodes anew on what they had. */
  readonly restart: (overrides?: (index: number) => Overrides) => Promise<void>;
};

/** Takes the servers over, and starts a node on each; all are ready. `overrides`: of each node, by its index. `settings`: of all. */
export const startTestMesh = async <Couches extends TestCouches>(
  couches: Couches,
  keys = newTestKeys(),
  overrides?: (index: number) => Overrides,
  settings: Partial<Config> = {},
): Promise<TestMesh<Couches>> => {
  const configs = (await mailboxNodeConfigs(couches, keys)).map((config) => ({ ...config, ...settings }));
  let nodes: readonly TestNode[] = [];
  const stop = async (): Promise<void> => {
    const stopping = nodes;
    nodes = [];
    await Promise.all(stopping.map((node) => node[Symbol.asyncDispose]()));
  };
  const restart: TestMesh['restart'] = async (given) => {
    await stop();
    nodes = await Promise.all(configs.map((config, index) => startTestNode(config, keys, given?.(index))));
  };
  await using starting = new AsyncDisposableStack();
  starting.use(couches);
  await restart(overrides);
  starting.defer(stop);
  const cleanup = starting.move();
  return {
    couches,
    configs,
    get nodes() {
      return nodes;
    },
    stop,
    restart,
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
};
