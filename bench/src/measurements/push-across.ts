import { setTimeout as sleep } from 'node:timers/promises';
import { connectDevice } from '../load/device.ts';
import type { Figure } from '../figure.ts';
import type { Measurement } from '../measurement.ts';
import { pushOnce } from '../load/push-once.ts';
import { startBenchCluster } from '../servers/cluster.ts';
import { percentile } from '../statistics.ts';

const MESSAGES = 500;
const WARM_UP = 100;
const PAUSE_MS = 20;
/** Over twice what it takes on one master. */
const ALLOWED_MS = 5;

/** One message every few milliseconds to a device at another master, in turns with one to a device at the same. */
export const pushAcross: Measurement = {
  name: 'push-across',
  run: async (bench) => {
    await using cluster = await startBenchCluster(bench, {}, 2);
    const [here, there] = cluster.masters.map(({ url }) => url);
    using alice = await connectDevice(here!);
    using neighbour = await connectDevice(here!);
    using bob = await connectDevice(there!);
    const across: number[] = [];
    const within: number[] = [];
    for (let message = 0; message < WARM_UP + MESSAGES; message += 1) {
      const toBob = await pushOnce(alice, bob);
      const toNeighbour = await pushOnce(alice, neighbour);
      if (message >= WARM_UP) {
        across.push(toBob.pushedMs);
        within.push(toNeighbour.pushedMs);
      }
      await sleep(PAUSE_MS);
    }
    const figure = (share: number): Figure => {
      const [value, peer] = [percentile(across, share), percentile(within, share)];
      const name = `live push from master to master, p${share * 100}`;
      return {
        ...{ name, unit: 'ms', value, ratio: value / peer },
        peer: { name: 'on one master', value: peer },
        ...(share > 0.5 && { target: { of: 'value', atMost: 2 * peer + ALLOWED_MS } }),
      };
    };
    return [figure(0.5), figure(0.95)];
  },
};
