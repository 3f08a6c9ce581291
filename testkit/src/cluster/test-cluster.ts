import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  removeFromCouch,
  startCluster,
  type Cluster,
  type ClusterOptions,
  type Link,
} from '@restante/scripts/cluster';
import { mountSmallDisk, smallDiskHindrance, type SmallDisk } from '../small-disk.ts';
import { waitFor } from '../wait-for.ts';
import { isCaughtUp, isDirectoryFilled } from './caught-up.ts';
import { movableClock, type MovableClock } from './clock-shift.ts';
import { slowDisk, type SlowDisk } from './slow-disk.ts';
import { conflictsOf, envelopesOf, isSameMail, waitingOf, type Leaves } from './couch-state.ts';
import { createLinks, type Links } from './links.ts';
import { deleteBlobs } from './delete-blobs.ts';
import { createPerson, type Addressed, type Person, type PersonOptions } from './person.ts';
import { TEST_SETTINGS } from './test-settings.ts';

/** A cluster for one test file: real processes, a fault proxy in each link, people to talk through it. */
export type TestCluster = AsyncDisposable & {
  readonly parts: Cluster;
  readonly links: Links;
  /** Data, logs and secrets of the cluster. No vaults. */
  readonly dataDir: string;
  /** Addresses of the masters for clients; where mailboxes are found by the front, that of the front alone. */
  readonly masters: readonly string[];
  /** Someone new; the name is made unique. `masters`: the ones they use, in this order (default: all). */
  readonly person: (name: string, masters?: readonly string[], options?: PersonOptions) => Promise<Person>;
  /** Kills a CouchDB (1 to 3) with SIGKILL; one that is shared with others is cut off instead. */
  readonly killCouch: (number: number) => Promise<void>;
  /** The way back from `killCouch`: links that a test has cut stay cut. */
  readonly startCouch: (number: number) => Promise<void>;
  /**
   * Puts a disk of its own under the data of a CouchDB (1 to 3), which is killed for it, the first time that it is asked for. Null: not
   * possible here.
   */
  readonly smallDisk: (number: number) => Promise<SmallDisk | null>;
  /** Moves the clock of a service, by its name: off by so many milliseconds from now on. For `movableClocks` alone. */
  readonly setClock: (name: string, shiftMs: number) => Promise<void>;
  /** Has the disk of an embedded CouchDB (1 to 3) take so many milliseconds more for each write. For `slowDisks` alone. */
  readonly slowDisk: (number: number, writeMs: number) => Promise<void>;
  /** Makes all links whole, sets all clocks right, gives disks their speed and their room, starts what is down, and waits until every node is ready and every master knows it. */
  readonly heal: () => Promise<void>;
  /** What each CouchDB holds: leaf revisions by the id of the envelope. */
  readonly envelopes: () => Promise<Map<string, Leaves>[]>;
  /** As `envelopes`, of one CouchDB (1 to 3), while others may be down. */
  readonly envelopesOn: (number: number) => Promise<Map<string, Leaves>>;
  /** Ids of what waits on each CouchDB. */
  readonly waiting: () => Promise<string[][]>;
  /** Documents of any CouchDB that are in conflict. */
  readonly conflicts: () => Promise<string[]>;
  /** Waits until every node and every directory is known to have what its peers had: it says "complete" from then on, whoever dies. */
  readonly caughtUp: () => Promise<void>;
  /** Whether `caughtUp` has nothing to wait for. Rejects when a service does not answer. */
  readonly isCaughtUp: () => Promise<boolean>;
  /** Waits until all nodes have the same mail; answers with all that any of them holds, deleted or not. */
  readonly alike: () => Promise<Map<string, Leaves>>;
  /** Waits until nothing waits for this person on any node; for nobody at all when none is named. */
  readonly empty: (person?: Addressed) => Promise<void>;
  /** No node has any blob from then on. */
  readonly deleteBlobs: () => Promise<void>;
};

export type TestClusterOptions = Pick<
  ClusterOptions,
  'masters' | 'servers' | 'mailboxAddresses' | 'settings' | 'adapt' | 'onEvent'
> & {
  /** Whether clocks can be moved while their services run. */
  readonly movableClocks?: boolean;
  /** Whether disks of embedded CouchDBs can be slowed down. */
  readonly slowDisks?: boolean;
  /** Who is found by a link in place of the part that it leads to: an address with credentials, as that of the link. */
  readonly divert?: (link: Link) => string;
};

/** More than a run needs: what is not used costs nothing. */
const DISK_MEGABYTES = 1024;

/** Servers to run on instead of embedded ones (`COUCHDB_URLS`), with admin credentials. */
const sharedCouchUrls = (): string[] | undefined => {
  const given = process.env['COUCHDB_URLS'] ?? '';
  return given === '' ? undefined : given.split(',').map((url) => url.trim().replace(/\/+$/, ''));
};

const couch = (number: number): string => `couch${number}`;

const isReady = async ({ url }: { readonly url: string }): Promise<boolean> =>
  (await fetch(`${url}/ready`)).ok;

type MasterHealth = {
  readonly directory: readonly { readonly up: boolean }[];
  readonly mailboxNodes: readonly { readonly up: boolean }[];
  readonly bus: { readonly up: boolean; readonly peers: number; readonly masters: number };
};

const healthOf = async ({ url }: { readonly url: string }): Promise<MasterHealth> =>
  (await (await fetch(`${url}/health`)).json()) as MasterHealth;

const seesOtherMasters = ({ bus }: MasterHealth): boolean => bus.up && bus.peers === bus.masters - 1;

const seesAllUp = async (master: { readonly url: string }): Promise<boolean> => {
  const health = await healthOf(master);
  const seen = [...health.directory, ...health.mailboxNodes];
  return (
    (await isReady(master)) && seen.length === 6 && seen.every(({ up }) => up) && seesOtherMasters(health)
  );
};

export const startTestCluster = async (options: TestClusterOptions = {}): Promise<TestCluster> => {
  const cleanup = new AsyncDisposableStack();
  try {
    const root = await mkdtemp(join(tmpdir(), 'restante-e2e-'));
    cleanup.defer(() => rm(root, { recursive: true, force: true }));
    const links = cleanup.use(createLinks());
    const couchUrls = sharedCouchUrls();
    const databasePrefix = `e2e${randomBytes(5).toString('hex')}_`;
    const dataDir = join(root, 'cluster');
    const { mailboxAddresses = 'direct', movableClocks = false, slowDisks = false } = options;
    const { divert = ({ url }: Link): string => url } = options;
    const disks = new Map<number, SmallDisk>();
    const clocks = new Map<string, MovableClock>();
    const clockOf = (name: string): MovableClock => {
      const clock = clocks.get(name) ?? movableClock(join(root, `${name}.clock`));
      clocks.set(name, clock);
      return clock;
    };
    const slowDisksByName = new Map<string, SlowDisk>(
      slowDisks
        ? [1, 2, 3].map((number) => [couch(number), slowDisk(join(root, `${couch(number)}.disk`))])
        : [],
    );
    const adapt = (
      name: string,
      given: Readonly<Record<string, string>>,
    ): Readonly<Record<string, string>> => {
      const withClock = movableClocks ? clockOf(name).environment(given) : given;
      const slowed = slowDisksByName.get(name)?.environment(withClock) ?? withClock;
      return options.adapt?.(name, slowed) ?? slowed;
    };
    if (couchUrls) {
      cleanup.defer(async () => {
        await Promise.all(couchUrls.map((url) => removeFromCouch(url, databasePrefix)));
      });
    }
    const parts = cleanup.use(
      await startCluster({
        dataDir,
        databasePrefix,
        masters: options.masters ?? 1,
        servers: options.servers ?? 1,
        mailboxAddresses,
        route: (link) => links.route({ ...link, url: divert(link) }),
        adapt,
        settings: {
          ...options.settings,
          mailboxNode: { ...TEST_SETTINGS.mailboxNode, ...options.settings?.mailboxNode },
          master: { ...TEST_SETTINGS.master, ...options.settings?.master },
        },
        ...(couchUrls && { couchUrls }),
        ...(options.onEvent && { onEvent: options.onEvent }),
      }),
    );
    // Nobody needs the data afterwards: no reason to wait for a graceful end.
    cleanup.defer(async () => {
      await Promise.all(parts.processes.map((process) => process.kill('SIGKILL')));
    });
    await waitFor('the masters to know each other', async () =>
      (await Promise.all(parts.masters.map(healthOf))).every(seesOtherMasters),
    );
    const entrances = mailboxAddresses === 'direct' ? parts.masters : parts.fronts;
    // Servers name each other by their own origins.
    const masters =
      parts.fronts.length > 1
        ? parts.fronts.map(({ url }) => url)
        : await Promise.all(
            entrances.map(async ({ name, url }) => links.route({ from: 'client', to: name, url })),
          );

    let people = 0;
    const person: TestCluster['person'] = async (name, chosen = masters, given = {}) => {
      people += 1;
      const username = `${name}-${people}`;
      return cleanup.use(await createPerson(username, join(root, `${username}.sqlite`), chosen, given));
    };
    const onEachCouch = <T>(read: (adminUrl: string, prefix: string) => Promise<T>): Promise<T[]> =>
      Promise.all(parts.couchServers.map(({ adminUrl }) => read(adminUrl, databasePrefix)));
    const areCaughtUp = async (): Promise<boolean> => {
      const nodes = await Promise.all(parts.mailboxNodes.map(isCaughtUp));
      const filled = await onEachCouch(isDirectoryFilled);
      return [...nodes, ...filled].every(Boolean);
    };
    const startCouch = async (number: number): Promise<void> => {
      const process = parts.couches[number - 1];
      if (process === undefined) links.join(couch(number));
      else await process.start();
    };

    return {
      parts,
      links,
      dataDir,
      masters,
      person,
      killCouch: async (number) => {
        const process = parts.couches[number - 1];
        if (process === undefined) links.isolate(couch(number));
        else await process.kill('SIGKILL');
      },
      startCouch,
      smallDisk: async (number) => {
        const process = parts.couches[number - 1];
        const known = disks.get(number);
        if (known !== undefined || process === undefined || (await smallDiskHindrance()) !== null)
          return known ?? null;
        await process.kill('SIGKILL');
        const disk = await mountSmallDisk(join(dataDir, couch(number)), DISK_MEGABYTES);
        if (process.pid !== undefined) {
          // Somebody has started it in the meantime, on what lies below.
          await process.kill('SIGKILL');
          await disk[Symbol.asyncDispose]();
          return null;
        }
        disks.set(number, cleanup.use(disk));
        return disk;
      },
      setClock: async (name, shiftMs) => {
        if (!movableClocks) throw new RangeError('no clock of this cluster can be moved');
        await clockOf(name).set(shiftMs);
      },
      slowDisk: async (number, writeMs) => {
        const disk = slowDisksByName.get(couch(number));
        if (disk === undefined) throw new RangeError('no disk of this cluster can be slowed down');
        await disk.set(writeMs);
      },
      heal: async () => {
        links.heal();
        await Promise.all([...slowDisksByName.values()].map((disk) => disk.set(0)));
        await Promise.all([...clocks.values()].map((clock) => clock.set(0)));
        await Promise.all([...disks.values()].map((disk) => disk.clear()));
        await Promise.all([1, 2, 3].map(startCouch));
        await Promise.all(parts.processes.map((process) => process.start()));
        await waitFor('all nodes to be ready, in the eyes of all masters too', async () =>
          (await Promise.all([...parts.mailboxNodes.map(isReady), ...parts.masters.map(seesAllUp)])).every(
            Boolean,
          ),
        );
      },
      envelopesOn: (number) => envelopesOf(parts.couchServers[number - 1]?.adminUrl ?? '', databasePrefix),
      envelopes: () => onEachCouch(envelopesOf),
      waiting: () => onEachCouch(waitingOf),
      conflicts: async () => (await onEachCouch(conflictsOf)).flat(),
      isCaughtUp: areCaughtUp,
      caughtUp: async () => {
        await waitFor('all nodes and directories to be caught up', areCaughtUp, { timeoutMs: 90_000 });
      },
      alike: () =>
        waitFor('the nodes to hold the same mail', async () => {
          const held = await onEachCouch(envelopesOf);
          return isSameMail(held) && new Map(held.flatMap((each) => [...each]));
        }),
      deleteBlobs: async () => {
        await onEachCouch(deleteBlobs);
      },
      empty: async (person) => {
        const owner = person?.address.accountId ?? '';
        await waitFor('the nodes to be empty', async () =>
          (await onEachCouch(waitingOf)).flat().every((id) => !id.startsWith(owner)),
        );
      },
      [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
};
