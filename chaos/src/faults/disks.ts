import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { directoryDatabase } from '@restante/protocol';
import { askCouch } from '@restante/testkit';
import { databasesOf, isSameMail, leavesOf, type Leaves } from '@restante/testkit/cluster';
import type { ClusterProcess } from '@restante/scripts/cluster';
import type { ChaosCluster } from '../world/chaos-cluster.ts';
import type { World } from '../world/world.ts';
import { soon } from './couches.ts';
import { pick, type Fault } from './fault.ts';
import { startSoon } from './processes.ts';

/** What happens to the disks of CouchDBs. */

const READINGS = 5;
const READING_MS = 100;

/** Whether every node and directory is known to have what the others had, and has their mail: then any one of them may lose everything. */
const isWhole = async ({ isCaughtUp, envelopes }: ChaosCluster): Promise<boolean> => {
  for (let reading = 0; reading < READINGS; reading += 1) {
    if ((await isCaughtUp()) && isSameMail(await envelopes())) return true;
    await sleep(READING_MS);
  }
  return false;
};

/** A disk as it is when it is new. The folder itself may be where one of its own is mounted. */
const lose = async ({ dataDir }: ChaosCluster, couch: ClusterProcess): Promise<void> => {
  await couch.kill('SIGKILL');
  const folder = join(dataDir, couch.name);
  for (const entry of await readdir(folder)) await rm(join(folder, entry), { recursive: true, force: true });
};

/** Runs in which more is lost at the end of a fault that has begun: nobody else may lose anything in them. */
const losing = new WeakSet<World>();

const PATIENCE_MS = 2_000;

/** Whether one of the CouchDBs may lose its mail now: again in a run only when the others have what was lost before. */
export const mayLose = async (world: World): Promise<boolean> => {
  if (losing.has(world)) return false;
  if (world.isFirst('lost-data')) return true;
  const whole = isWhole(world.cluster).catch(() => false);
  return Promise.race([whole, sleep(PATIENCE_MS, false)]);
};

const generationOf = (leaves: Leaves = []): number =>
  Math.max(0, ...leaves.map((leaf) => Number.parseInt(leaf, 10)));

/**
 * Whether what this run has changed in a server's directory is at another one too. While one CouchDB alone is reached, a change is there
 * alone, and goes with its disk, as the log of the masters says. Of a server that does not answer nobody knows.
 */
export const isElsewhere = async ({ cluster, places }: World, lost: ClusterProcess): Promise<boolean> => {
  const { couchServers, couches, databasePrefix } = cluster.parts;
  const all = await Promise.all(
    couchServers.map(({ adminUrl }, index) =>
      soon(leavesOf(adminUrl, directoryDatabase(databasePrefix), places[index])),
    ),
  );
  const here = all[couches.indexOf(lost)];
  if (!here) return false;
  const others = all.filter((each) => each !== null && each !== here);
  return [...here].every(([id, leaves]) =>
    others.some((other) => generationOf(other?.get(id)) >= generationOf(leaves)),
  );
};

/** Its data is gone. */
export const lostData: Fault = {
  name: 'lost-data',
  weight: 2,
  begin: async (world, [which]) => {
    const { cluster } = world;
    const couch = pick(cluster.parts.couches, which);
    if (couch === undefined || !(await isElsewhere(world, couch)) || !(await mayLose(world))) return null;
    await lose(cluster, couch);
    return {
      on: couch.name,
      end: () => {
        startSoon(couch);
        return Promise.resolve();
      },
    };
  },
};

const AWAY_MS = 15_000;

/** Its buckets are gone, and it ends; what the directory says stays. One that does not answer keeps them. */
const loseMail = async ({ parts }: ChaosCluster, couch: ClusterProcess): Promise<void> => {
  const { databasePrefix } = parts;
  const server = parts.couchServers[parts.couches.indexOf(couch)];
  if (server === undefined) return;
  const { adminUrl } = server;
  const dropAll = async (): Promise<void> => {
    for (const db of await databasesOf(adminUrl, `${databasePrefix}messages-`))
      await askCouch(adminUrl, db, 'DELETE');
  };
  await Promise.race([dropAll().catch(() => undefined), sleep(PATIENCE_MS)]);
  await couch.kill('SIGKILL');
};

/**
 * One CouchDB is dead, and misses what comes; when it is back another one has lost its mail, the third is away, and no master is left
 * that still had to tell it. Half of the people were away for as long and come back now: nobody has their mail for a while, and nobody
 * may say that there is none.
 */
export const lostMailWhileAway: Fault = {
  name: 'lost-mail-while-away',
  weight: 1,
  minSteps: 10,
  maxSteps: 40,
  begin: async (world, [which = 0, half = 0]) => {
    const { cluster } = world;
    const { couches, masters } = cluster.parts;
    const [late, loser, away] = [0, 1, 2].map((place) => pick(couches, which + place));
    const links = cluster.machine?.links;
    if (!late || !loser || !away || !links || !world.isFirst('lost-data')) return null;
    losing.add(world);
    await late.kill('SIGKILL');
    const readers = world
      .people()
      .filter((_, index) => index % 2 === half % 2)
      .flatMap(({ devices }) => devices);
    await Promise.all(readers.map((device) => device.kill()));
    return {
      on: `${late.name} is dead, ${loser.name} loses its mail, ${away.name} has it`,
      end: async () => {
        links.isolate(away.name);
        await Promise.all([loseMail(cluster, loser), ...masters.map((master) => master.kill('SIGKILL'))]);
        for (const process of [late, loser, ...masters]) startSoon(process);
        setTimeout(() => links.join(away.name), AWAY_MS);
        await Promise.all(readers.map((device) => device.start()));
      },
    };
  },
};

/** Nothing is left, or what a write may fill in its middle. */
const ROOMS = [0, 9 * 1024 * 1024] as const;

/** It has no room. For the first time it gets a small disk, for which it has to start anew. */
export const diskFull: Fault = {
  name: 'disk-full',
  weight: 3,
  begin: async ({ cluster }, [which, room]) => {
    const couch = pick(cluster.parts.couches, which);
    if (couch === undefined) return null;
    const disk = await cluster.machine?.smallDisk(1 + cluster.parts.couches.indexOf(couch));
    if (!disk) return null;
    startSoon(couch);
    await disk.fill(pick(ROOMS, room));
    return { on: couch.name, end: disk.clear };
  },
};

/** Milliseconds of each write: a disk that is busy, one that is shared with others, one that is about to die. */
const WRITES_MS = [20, 100, 500] as const;

/** What it keeps comes late, what it has at once. */
export const diskSlow: Fault = {
  name: 'disk-slow',
  weight: 3,
  maxSteps: 40,
  begin: async ({ cluster }, [which, write]) => {
    const couch = pick(cluster.parts.couches, which);
    const { machine } = cluster;
    if (couch === undefined || machine === null) return null;
    const number = 1 + cluster.parts.couches.indexOf(couch);
    const writeMs = pick(WRITES_MS, write) ?? 0;
    await machine.slowDisk(number, writeMs);
    return { on: `${couch.name} by ${writeMs} ms a write`, end: () => machine.slowDisk(number, 0) };
  },
};
