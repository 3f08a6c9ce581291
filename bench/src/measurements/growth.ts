import { setTimeout as sleep } from 'node:timers/promises';
import { connectDevice, messageTo, type Device } from '../load/device.ts';
import { newPayload } from '../load/envelopes.ts';
import type { Measurement } from '../measurement.ts';
import { startBenchCluster, type BenchCluster } from '../servers/cluster.ts';
import { readPage } from '../servers/mailbox.ts';
import { anonymousMemoryMb } from '@restante/testkit';
import { growth } from '../statistics.ts';

/** Pairs of devices that write to each other, each message acknowledged: nothing piles up. */
const PAIRS = 8;
const MESSAGES_PER_SECOND = 100;
const SAMPLE_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Caches and heaps find their size first: as long as this, up to a minute, is not looked at. */
const SETTLING_SHARE = 0.25;

type Sample = { readonly x: number; readonly y: number };

/** Acknowledges whatever comes, as a client does once it has kept it. */
const acknowledgeAll = (device: Device): void => {
  device.onFrame = (frame) => {
    if (frame.type === 'refused') throw new Error(`refused: ${frame.error.code}`);
    if (frame.type !== 'envelope') return;
    const { id, senderId, senderDeviceId } = frame.envelope;
    const messages = [{ id, senderId, senderDeviceId }];
    device.send({ type: 'acknowledge', receipts: true, messages });
  };
};

/** Sends at a steady rate, and reads a mailbox from every node each second, until the signal is aborted. */
const steadyLoad = async (cluster: BenchCluster, signal: AbortSignal): Promise<void> => {
  const devices: Device[] = [];
  for (let device = 0; device < 2 * PAIRS; device += 1) {
    const connected = await connectDevice(cluster.masterUrl);
    acknowledgeAll(connected);
    devices.push(connected);
  }
  const startedAt = performance.now();
  let sent = 0;
  while (!signal.aborted) {
    const due = ((performance.now() - startedAt) / 1000) * MESSAGES_PER_SECOND;
    for (; sent < due; sent += 1) {
      const from = sent % devices.length;
      devices[from]!.send(messageTo(devices[from ^ 1]!, newPayload()));
      if (sent % MESSAGES_PER_SECOND !== 0) continue;
      const token = await cluster.signer.device(devices[from]!, 'mailbox', Date.now() + HOUR_MS);
      await Promise.all(cluster.mailboxNodes.map(({ url }) => readPage(url, devices[from]!, token)));
    }
    await sleep(10);
  }
  for (const device of devices) device[Symbol.dispose]();
};

/** Growth of every process of a cluster under steady load, between the first and the last third of the time. */
export const memoryGrowth: Measurement = {
  name: 'growth',
  run: async (bench) => {
    await using cluster = await startBenchCluster(bench);
    const processes = cluster.processes.filter(({ name }) => name !== 'front');
    const samples = new Map(processes.map(({ name }) => [name, [] as Sample[]]));
    const end = new AbortController();
    const load = steadyLoad(cluster, end.signal);
    const failed = load.then(() => {
      if (!end.signal.aborted) throw new Error('the load has ended early');
    });
    const watch = async (): Promise<void> => {
      const settlingMs = Math.min(MINUTE_MS, bench.minutes * MINUTE_MS * SETTLING_SHARE);
      await sleep(settlingMs);
      const startedAt = performance.now();
      while (performance.now() - startedAt < bench.minutes * MINUTE_MS) {
        for (const { name, pid } of processes) {
          const x = (performance.now() - startedAt) / MINUTE_MS;
          samples.get(name)!.push({ x, y: await anonymousMemoryMb(pid!) });
        }
        await sleep(SAMPLE_MS);
      }
    };
    await Promise.race([watch(), failed]);
    end.abort();
    await load;
    const name = `growth over ${bench.minutes} min at ${MESSAGES_PER_SECOND} messages/s`;
    return processes.map((process) => {
      const series = samples.get(process.name)!;
      const size = Math.round(series.at(-1)!.y);
      return {
        name: `${name}: ${process.name} (${size} MB at the end)`,
        unit: 'MB/min',
        value: growth(series),
        target: { of: 'value', atMost: 1 },
      } as const;
    });
  },
};
