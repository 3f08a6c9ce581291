import { delayHindrance, type Mend, type Server, type Servers } from '@restante/testkit/servers';
import type { World } from '../world/world.ts';
import { soon } from './couches.ts';
import { isElsewhere, mayLose } from './disks.ts';
import { pick, type Begun, type Fault } from './fault.ts';

/** What happens to whole servers of a cell, and between them. */

/** Those that nobody has ended: each of the others is started again by whoever did. */
const standing = (servers: Servers): readonly Server[] => servers.all.filter((server) => server.isOn());

const named = (servers: readonly Server[]): string =>
  servers.map(({ number }) => `server${number}`).join(' ');

/** What cannot become ready now is started by whoever heals everything. */
const inBackground = (start: Promise<void>): void => void start.catch(() => undefined);

/** A fault of a cell alone. */
const ofCell = (
  given: Pick<Fault, 'name' | 'weight' | 'minSteps' | 'maxSteps'>,
  begin: (servers: Servers, numbers: readonly number[], world: World) => Promise<Begun | null>,
): Fault => ({
  ...given,
  begin: (world, numbers) => {
    const { servers } = world.cluster;
    return servers === null ? Promise.resolve(null) : begin(servers, numbers, world);
  },
});

const kill = async (servers: Servers, killed: readonly Server[]): Promise<Begun | null> => {
  if (killed.length === 0) return null;
  const numbers = killed.map(({ number }) => number);
  await Promise.all(numbers.map((number) => servers.kill(number)));
  return {
    on: named(killed),
    end: () => {
      inBackground(servers.start(...numbers));
      return Promise.resolve();
    },
  };
};

export const serverKilled = ofCell({ name: 'server-killed', weight: 8, maxSteps: 40 }, (servers, [which]) => {
  const server = pick(standing(servers), which);
  return kill(servers, server === undefined ? [] : [server]);
});

export const allDark = ofCell({ name: 'all-dark', weight: 2, maxSteps: 20 }, (servers) =>
  kill(servers, standing(servers)),
);

/** Disk and all, without a word, when the others have what it has. An empty one takes its place, with a certificate of its own. */
export const serverBurned = ofCell(
  { name: 'server-burned', weight: 4, maxSteps: 40 },
  async (servers, [which], world) => {
    const server = pick(standing(servers), which);
    if (server === undefined || (await soon(servers.isCaughtUp())) !== true) return null;
    if (!(await isElsewhere(world, server.couch)) || !(await mayLose(world))) return null;
    await servers.burn(server.number);
    return {
      on: named([server]),
      end: () => {
        inBackground(servers.replace(server.number));
        return Promise.resolve();
      },
    };
  },
);

/** Of the network: nobody is told, and it is whole again when the fault ends. */
const broken = (on: string, mend: Mend): Begun => ({ on, end: mend });

export const serverIsolated = ofCell(
  { name: 'server-isolated', weight: 6, maxSteps: 60 },
  async (servers, [which]) => {
    const server = pick(servers.all, which);
    return server === undefined ? null : broken(named([server]), await servers.isolate(server.number));
  },
);

export const serversOneWay = ofCell(
  { name: 'servers-one-way', weight: 5, maxSteps: 60 },
  async (servers, [which = 0, step = 0]) => {
    const [from, to] = [pick(servers.all, which), pick(servers.all, which + 1 + (step % 2))];
    if (from === undefined || to === undefined) return null;
    return broken(`${named([from])} to ${named([to])}`, await servers.cut(from.number, to.number));
  },
);

/** People reach the others alone; these reach it. */
export const darkForPeople = ofCell(
  { name: 'dark-for-people', weight: 5, maxSteps: 60 },
  async (servers, [which]) => {
    const server = pick(servers.all, which);
    return server === undefined ? null : broken(named([server]), await servers.hide(server.number));
  },
);

/** Of a hundred packets: a bad line, one that hardly works. */
const LOST_PERCENT = [2, 5, 20] as const;

export const packetsLost = ofCell(
  { name: 'packets-lost', weight: 4, maxSteps: 60 },
  async (servers, [percent]) => {
    const lost = pick(LOST_PERCENT, percent) ?? 0;
    return broken(`${lost} %`, await servers.lose(lost));
  },
);

const LATE_MS = [50, 200, 1_000] as const;

export const packetsLate = ofCell(
  { name: 'packets-late', weight: 4, maxSteps: 60 },
  async (servers, [late]) => {
    if ((await delayHindrance()) !== null) return null;
    const milliseconds = pick(LATE_MS, late) ?? 0;
    return broken(`${milliseconds} ms`, await servers.delay(milliseconds));
  },
);
