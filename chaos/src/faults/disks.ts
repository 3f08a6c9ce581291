import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pick, type Fault } from './fault.ts';

/** A node's data is gone: once in a run, for the mesh must have filled it before another one may lose its own. */
export const lostData: Fault = {
  name: 'lost-data',
  weight: 2,
  begin: async ({ cluster, isFirst }, [which]) => {
    const couch = pick(cluster.parts.couches, which);
    if (couch === undefined || !isFirst('lost-data')) return null;
    await couch.kill('SIGKILL');
    await rm(join(cluster.dataDir, couch.name), { recursive: true, force: true });
    return {
      on: couch.name,
      end: () => {
        void couch.start().catch(() => undefined);
        return Promise.resolve();
      },
    };
  },
};
