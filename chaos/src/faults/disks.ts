import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterProcess } from '@restante/scripts/cluster';
import type { TestCluster } from '@restante/testkit/cluster';
import { pick, type Fault } from './fault.ts';

const lose = async (cluster: TestCluster, couch: ClusterProcess): Promise<void> => {
  await couch.kill('SIGKILL');
  await rm(join(cluster.dataDir, couch.name), { recursive: true, force: true });
};

/** A node's data is gone: once in a run, for the mesh must have filled it before another one may lose its own. */
export const lostData: Fault = {
  name: 'lost-data',
  weight: 2,
  begin: async ({ cluster, isFirst }, [which]) => {
    const couch = pick(cluster.parts.couches, which);
    if (couch === undefined || !isFirst('lost-data')) return null;
    await lose(cluster, couch);
    return {
      on: couch.name,
      end: () => {
        void couch.start().catch(() => undefined);
        return Promise.resolve();
      },
    };
  },
};

const AWAY_MS = 8_000;

/**
 * One CouchDB is away, and misses what comes; when it is back another one has lost its data, and the third is away. For a while nobody
 * has the mail of that time, and nobody may say that there is none.
 */
export const lostDataWhileAway: Fault = {
  name: 'lost-data-while-away',
  weight: 1,
  begin: ({ cluster, isFirst }, [which = 0]) => {
    const { couches } = cluster.parts;
    const [late, losing, away] = [0, 1, 2].map((place) => pick(couches, which + place));
    if (!late || !losing || !away || !isFirst('lost-data')) return Promise.resolve(null);
    const { links } = cluster;
    links.isolate(late.name);
    return Promise.resolve({
      on: `${late.name} is away, ${losing.name} loses its data, ${away.name} has it`,
      end: async () => {
        links.isolate(away.name);
        await lose(cluster, losing);
        links.join(late.name);
        void losing.start().catch(() => undefined);
        setTimeout(() => links.join(away.name), AWAY_MS);
      },
    });
  },
};
