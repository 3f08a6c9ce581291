import { kill } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterProcess } from '@restante/scripts/cluster';
import { seededRandom } from '@restante/testkit/seeded-random';
import type { World } from '../world/world.ts';
import { pick, type Fault } from './fault.ts';

/** Deaths and pauses of the services. */

export const parts = ({ cluster }: World): readonly ClusterProcess[] => {
  const { couches, mailboxNodes, masters, buses } = cluster.parts;
  return [...couches, ...mailboxNodes, ...masters, ...buses];
};

/** One that cannot become ready now is started by whoever heals everything. */
export const startSoon = (process: ClusterProcess): void => void process.start().catch(() => undefined);

/** Nothing happens to one that runs no more under this number: it may have ended before anybody here has heard of it. */
const signal = (process: ClusterProcess, pid: number, name: NodeJS.Signals): void => {
  if (process.pid !== pid) return;
  try {
    kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

const death = (name: string, weight: number, how: NodeJS.Signals): Fault => ({
  name,
  weight,
  begin: async (world, [which]) => {
    const process = pick(parts(world), which);
    if (process === undefined) return null;
    const end = process.kill(how);
    // A graceful end may take long, and people go on in the meantime.
    if (how === 'SIGKILL') await end;
    return {
      on: process.name,
      end: () => {
        startSoon(process);
        return Promise.resolve();
      },
    };
  },
});

export const killed = death('killed', 10, 'SIGKILL');
export const terminated = death('terminated', 4, 'SIGTERM');

const START_PAUSE_MS = 300;

/** Starts them one after the other, each when the one before has begun to start. */
const startInTurn = async (processes: readonly ClusterProcess[]): Promise<void> => {
  for (const process of processes) {
    startSoon(process);
    await sleep(START_PAUSE_MS);
  }
};

/** Deaths of many at once, which come back in an order that is drawn. */
const deaths = (
  name: string,
  weight: number,
  of: (world: World, seed: number) => readonly ClusterProcess[],
): Fault => ({
  name,
  weight,
  begin: async (world, [seed = 0, order = 0]) => {
    const dying = of(world, seed);
    if (dying.length === 0) return null;
    await Promise.all(dying.map((process) => process.kill('SIGKILL')));
    return {
      on: dying.map((process) => process.name).join(' '),
      end: () => {
        void startInTurn(seededRandom(order).shuffled(dying));
        return Promise.resolve();
      },
    };
  },
});

export const someDead = deaths('some-dead', 3, (world, seed) => {
  const all = seededRandom(seed).shuffled(parts(world));
  return all.slice(0, 2 + (seed % (all.length - 1)));
});
export const couchesDead = deaths('couches-dead', 2, ({ cluster }) => cluster.parts.couches);
export const nodesDead = deaths('nodes-dead', 2, ({ cluster }) => cluster.parts.mailboxNodes);
export const mastersDead = deaths('masters-dead', 2, ({ cluster }) => cluster.parts.masters);
export const busDead = deaths('bus-dead', 5, ({ cluster }, which) => {
  const bus = pick(cluster.parts.buses, which);
  return bus === undefined ? [] : [bus];
});
export const everythingDead = deaths('everything-dead', 2, parts);

/** It is there and does nothing: connections stay, and nobody answers. */
const stopping = (name: string, weight: number, maxSteps?: number): Fault => ({
  name,
  weight,
  ...(maxSteps !== undefined && { maxSteps }),
  begin: (world, [which]) => {
    const process = pick(parts(world), which);
    const pid = process?.pid;
    if (process === undefined || pid === undefined) return Promise.resolve(null);
    signal(process, pid, 'SIGSTOP');
    return Promise.resolve({
      on: process.name,
      end: () => {
        signal(process, pid, 'SIGCONT');
        return Promise.resolve();
      },
    });
  },
});

/** A minute, in steps of an eighth of a second on the average. */
const MINUTE_STEPS = 480;

export const stopped = stopping('stopped', 5);
export const stoppedForLong = stopping('stopped-for-long', 2, MINUTE_STEPS);

const LIMP_MS = 400;

/** It runs for a moment, and then not for a much longer one: all that it does and keeps comes late. */
export const limping: Fault = {
  name: 'limping',
  weight: 3,
  begin: (world, [which, share = 0]) => {
    const process = pick(parts(world), which);
    const pid = process?.pid;
    if (process === undefined || pid === undefined) return Promise.resolve(null);
    const runMs = 10 + (share % (LIMP_MS / 4));
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      signal(process, pid, 'SIGSTOP');
      timer = setTimeout(goOn, LIMP_MS - runMs);
    };
    const goOn = (): void => {
      signal(process, pid, 'SIGCONT');
      timer = setTimeout(stop, runMs);
    };
    stop();
    return Promise.resolve({
      on: `${process.name} runs ${runMs} ms of ${LIMP_MS}`,
      end: () => {
        clearTimeout(timer);
        signal(process, pid, 'SIGCONT');
        return Promise.resolve();
      },
    });
  },
};
