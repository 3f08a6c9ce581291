import { setTimeout as sleep } from 'node:timers/promises';
import { newPayload } from '../load/envelopes.ts';
import { connectDevice } from '../load/device.ts';
import { pushOnce } from '../load/push-once.ts';
import { startRelay, type Relay } from '../load/start-relay.ts';
import type { Measurement } from '../measurement.ts';
import { startBenchCluster } from '../servers/cluster.ts';
import { percentile } from '../statistics.ts';

const MESSAGES = 500;
const WARM_UP = 100;
const PAUSE_MS = 20;

const relayOnce = async (relay: Relay): Promise<number> => {
  const text = JSON.stringify({ type: 'envelope', payload: newPayload() });
  const arrived = Promise.withResolvers<number>();
  relay.onText = () => arrived.resolve(performance.now());
  const sentAt = performance.now();
  relay.send(text);
  return (await arrived.promise) - sentAt;
};

/** One message every few milliseconds between two devices on one master, beside a bare relay. */
export const livePush: Measurement = {
  name: 'live-push',
  run: async (bench) => {
    await using cluster = await startBenchCluster(bench);
    await using relay = await startRelay();
    using alice = await connectDevice(cluster.masterUrl);
    using bob = await connectDevice(cluster.masterUrl);
    const pushes: { pushedMs: number; acceptedMs: number }[] = [];
    const relays: number[] = [];
    for (let message = 0; message < WARM_UP + MESSAGES; message += 1) {
      const push = await pushOnce(alice, bob);
      const relayMs = await relayOnce(relay);
      if (message >= WARM_UP) {
        pushes.push(push);
        relays.push(relayMs);
      }
      await sleep(PAUSE_MS);
    }
    const figure = (share: number) => {
      const value = percentile(
        pushes.map(({ pushedMs }) => pushedMs),
        share,
      );
      const peer = percentile(relays, share);
      return {
        unit: 'ms',
        value,
        peer: { name: 'bare ws relay', value: peer },
        ratio: value / peer,
      } as const;
    };
    return [
      { name: 'live push on one master, p50', ...figure(0.5) },
      { name: 'live push on one master, p95', ...figure(0.95), target: { of: 'ratio', atMost: 1.2 } },
      {
        name: 'send until accepted by two nodes, p95',
        unit: 'ms',
        value: percentile(
          pushes.map(({ acceptedMs }) => acceptedMs),
          0.95,
        ),
      },
    ];
  },
};
