import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureSecrets, newPassword, type Environment } from '@restante/scripts/cluster';
import { isCaughtUp, isDirectoryFilled } from '../cluster/caught-up.ts';
import { conflictsOf, envelopesOf, isSameMail, waitingOf, type Leaves } from '../cluster/couch-state.ts';
import { makeCellCertificates } from '../tunnel/cell-certificates.ts';
import { waitFor } from '../wait-for.ts';
import { mendAll, openMachineNetwork, type Mend } from './machine-network.ts';
import { createServer, FRONT_PORT, loopbackOf, servicesOf, type Cell, type Server } from './server.ts';

/** A cell of three servers, each a machine of its own; between them one port, as in production. Servers are numbered from 1. */
export type Servers = AsyncDisposable & {
  /** Disks, logs and secrets of all of them. */
  readonly folder: string;
  readonly all: readonly Server[];
  readonly server: (number: number) => Server;
  /** Ends all processes of a server at once, by SIGKILL. */
  readonly kill: (number: number) => Promise<void>;
  /** Kills a server and takes its disk away. */
  readonly burn: (number: number) => Promise<void>;
  /** Ends a server in order. */
  readonly stop: (number: number) => Promise<void>;
  /** Starts servers that were ended, on what is on their disks. */
  readonly start: (...numbers: readonly number[]) => Promise<void>;
  /** An empty server in the place of one that was burned: with a new certificate, and that of the old one refused by the others. */
  readonly replace: (number: number) => Promise<void>;
  /** Nothing comes from one server to the other any more, and back only when it is cut too. People reach both. */
  readonly cut: (from: number, to: number) => Promise<Mend>;
  /** Cuts a server off from all others, both ways. */
  readonly isolate: (number: number) => Promise<Mend>;
  /** People do not reach a server any more; the others do. */
  readonly hide: (number: number) => Promise<Mend>;
  /** So many of a hundred packets between servers are lost. */
  readonly lose: (percent: number) => Promise<Mend>;
  /** Packets between servers come so much later. */
  readonly delay: (milliseconds: number) => Promise<Mend>;
  /** Packets that were lost since the network was whole. */
  readonly lost: () => Promise<number>;
  /** Makes the network whole. */
  readonly join: () => Promise<void>;
  /** Moves the clock of a server. */
  readonly setClock: (number: number, shiftMs: number) => Promise<void>;
  /** What each CouchDB holds: leaf revisions by the id of the envelope. */
  readonly envelopes: () => Promise<Map<string, Leaves>[]>;
  /** Whether each node and directory is known to have what the others had. Rejects when a server does not answer. */
  readonly isCaughtUp: () => Promise<boolean>;
  /** Waits until all servers know each other. */
  readonly together: () => Promise<void>;
  /** Waits until all servers know each other and have what the others had. */
  readonly whole: () => Promise<void>;
  /** Waits until no mail waits anywhere. */
  readonly empty: () => Promise<void>;
  /** Waits until all have the same mail. */
  readonly alike: () => Promise<void>;
  readonly conflicts: () => Promise<string[]>;
};

const COUNT = 3;
const DOOR_PORT = 8444;
const SLOWLY = { timeoutMs: 120_000, everyMs: 200 };

type MasterHealth = {
  readonly status: string;
  readonly directory: readonly { readonly up: boolean }[];
  readonly mailboxNodes: readonly { readonly up: boolean }[];
  readonly bus: { readonly up: boolean; readonly peers: number };
};

const seesOthers = async ({ master }: Server): Promise<boolean> => {
  const { directory, mailboxNodes, bus } = (await (
    await fetch(`${master.url}/health`)
  ).json()) as MasterHealth;
  return [...directory, ...mailboxNodes].every(({ up }) => up) && bus.peers === COUNT - 1;
};

export type ServersOptions = Partial<Pick<Cell, 'onExit'>> & {
  /** More variables of CouchDBs, nodes and masters. */
  readonly environment?: Environment;
};

export const startServers = async ({
  environment = {},
  onExit = () => undefined,
}: ServersOptions = {}): Promise<Servers> => {
  const cleanup = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'restante-servers-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(folder, 'logs'));
    const numbers = Array.from({ length: COUNT }, (_, index) => index + 1);
    const network = cleanup.use(
      await openMachineNetwork(COUNT, DOOR_PORT, (number) =>
        Object.fromEntries(
          numbers.map((of) => [of === number ? 'OWN' : loopbackOf(of), servicesOf(of)] as const),
        ),
      ),
    );
    const certificates = makeCellCertificates(join(folder, 'cell'));
    const folders = new Map(numbers.map((number) => [number, certificates.make(number)]));
    const cell = {
      machines: network.machines,
      secrets: ensureSecrets(folder),
      busPassword: newPassword(),
      doorPort: DOOR_PORT,
      folder,
      certificates: (number: number): string => folders.get(number) ?? '',
      environment,
      onExit,
    };
    const all = numbers.map((number) => createServer(number, cell));
    cleanup.defer(async () => {
      await Promise.all(all.map((server) => server.kill()));
    });
    const server = (number: number): Server => {
      const found = all[number - 1];
      if (found === undefined) throw new RangeError(`there is no server ${number}`);
      return found;
    };
    const othersOf = (number: number): Server[] => all.filter((other) => other.number !== number);
    const start = async (...started: readonly number[]): Promise<void> => {
      await Promise.all(started.map((number) => server(number).startData()));
      await Promise.all(started.map((number) => server(number).startService()));
    };
    await start(...numbers);

    const onEach = <T>(read: (adminUrl: string, prefix: string) => Promise<T>): Promise<T[]> =>
      Promise.all(all.map(({ adminUrl }) => read(adminUrl, '')));
    const seeEachOther = async (): Promise<boolean> =>
      (await Promise.all(all.map(seesOthers))).every(Boolean);
    const kill = (number: number): Promise<void> => server(number).kill();
    const running = cleanup.move();
    return {
      folder,
      all,
      server,
      kill,
      burn: async (number) => {
        await kill(number);
        await server(number).loseDisk();
      },
      stop: (number) => server(number).stop(),
      start,
      replace: async (number) => {
        const burned = certificates.serialOf(cell.certificates(number));
        certificates.make(number);
        for (const other of othersOf(number)) {
          await appendFile(join(cell.certificates(other.number), 'revoked'), `${burned}\n`);
          await other.reloadDoor();
        }
        await start(number);
      },
      cut: network.cut,
      isolate: async (number) => {
        const mends: Mend[] = [];
        for (const other of othersOf(number)) {
          mends.push(await network.cut(number, other.number), await network.cut(other.number, number));
        }
        return mendAll(mends);
      },
      hide: (number) => network.hide(number, FRONT_PORT),
      lose: async (percent) => {
        const mends: Mend[] = [];
        for (const one of numbers) {
          for (const other of numbers) if (one < other) mends.push(await network.lose(one, other, percent));
        }
        return mendAll(mends);
      },
      delay: network.delay,
      lost: network.lost,
      join: network.heal,
      setClock: (number, shiftMs) => server(number).clock.set(shiftMs),
      envelopes: () => onEach(envelopesOf),
      isCaughtUp: async () => {
        const nodes = await Promise.all(all.map(({ mailboxNode }) => isCaughtUp(mailboxNode)));
        const filled = await onEach(isDirectoryFilled);
        return [...nodes, ...filled].every(Boolean);
      },
      together: async () => {
        await waitFor('the servers to know each other', seeEachOther, SLOWLY);
      },
      whole: async () => {
        await waitFor(
          'the servers to be whole',
          async () =>
            (await seeEachOther()) &&
            (await Promise.all(all.map(({ mailboxNode }) => isCaughtUp(mailboxNode)))).every(Boolean),
          SLOWLY,
        );
      },
      empty: async () => {
        await waitFor(
          'nothing to wait anywhere',
          async () => (await onEach(waitingOf)).flat().length === 0,
          SLOWLY,
        );
      },
      alike: async () => {
        await waitFor(
          'the servers to hold the same mail',
          async () => isSameMail(await onEach(envelopesOf)),
          SLOWLY,
        );
      },
      conflicts: async () => (await onEach(conflictsOf)).flat(),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
};
