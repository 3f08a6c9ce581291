import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { directoryDatabase } from '@restante/protocol';
import type { Figure } from '../figure.ts';
import { startReturning } from '../load/start-returning.ts';
import type { Measurement } from '../measurement.ts';
import { startBenchCluster } from '../servers/cluster.ts';
import { createClusterMeter } from '../servers/cluster-meter.ts';
import { seedDevices } from '../servers/seed-devices.ts';

const HOUR_MS = 60 * 60 * 1000;
const WITHIN_MS = 300_000;
/** For what connecting has left to do, and to see what the CouchDBs do at rest. */
const REST_MS = 5_000;
/** `couchMs`: of the busiest CouchDB's processor, for each that comes back, as in `reconnect`. */
const ALLOWED = { seconds: 60, errorPercent: 0.1, couchMs: 0.3 };

/** Devices at several masters, of which one is killed: how long until all are back at the others, and what that costs the directory. */
export const masterKilled: Measurement = {
  name: 'master-killed',
  run: async (bench) => {
    const { sockets, masters } = bench.size;
    await using cluster = await startBenchCluster(bench, { MAX_CONNECTIONS: String(sockets) }, masters);
    bench.progress(`  ${sockets} devices in the directory`);
    const devices = Array.from({ length: sockets }, () => ({ accountId: randomUUID(), deviceId: 1 }));
    await seedDevices(
      cluster.couchServers.map(({ adminUrl }) => adminUrl),
      directoryDatabase(cluster.databasePrefix),
      cluster.signatures,
      devices,
    );
    const expiresAt = Date.now() + HOUR_MS;
    const tokens = await Promise.all(
      devices.map((device) => cluster.signer.device(device, 'master', expiresAt, 0)),
    );

    bench.progress('  connecting them');
    const urls = cluster.masters.map(({ url }) => url);
    await using cleanup = new AsyncDisposableStack();
    const crowds = urls.map(() => cleanup.use(startReturning()));
    await Promise.all(
      crowds.map((crowd, index) =>
        crowd.run({
          kind: 'connect',
          masterUrls: [...urls.slice(index), ...urls.slice(0, index)],
          tokens: tokens.filter((_, number) => number % masters === index),
        }),
      ),
    );
    await sleep(REST_MS);

    const meter = await createClusterMeter(cluster);
    const resting = await meter.start();
    await sleep(REST_MS);
    const rest = await resting();

    const [dying] = cluster.masters;
    bench.progress(`  killing ${dying!.name}`);
    const coming = await meter.start();
    const killedAt = performance.now();
    await dying!.kill('SIGKILL');
    const count = Math.ceil(sockets / masters);
    const crowd = crowds[0]!;
    const awaited = { kind: 'await-all', withinMs: WITHIN_MS } as const;
    // Who notices last is not counted as there: all of the killed one's are away by then.
    while ((await crowd.run(awaited)).returned < count) await sleep(20);
    const seconds = (performance.now() - killedAt) / 1000;
    const used = await coming();
    const told = await Promise.all(crowds.map((each) => each.run(awaited)));
    const errors = told.reduce((sum, one) => sum + one.errors, 0);
    const away = told.reduce((sum, one) => sum + one.returned, 0) - count;
    const [busy, idle] = [used.busiest.get('CouchDB'), rest.busiest.get('CouchDB')];
    const name = `${sockets.toLocaleString('en')} devices at ${masters} masters, one is killed`;
    return [
      {
        ...{ name: `${name}: until all are back`, unit: 's', value: seconds },
        target: { of: 'value', atMost: ALLOWED.seconds },
      },
      {
        ...{ name: `${name}: errors`, unit: '%', value: (100 * (errors + away)) / sockets },
        target: { of: 'value', atMost: ALLOWED.errorPercent },
      },
      ...(busy === undefined || idle === undefined
        ? []
        : [
            {
              ...{ name: `${name}: CPU of the busiest CouchDB, for each that comes back`, unit: 'ms' },
              value: (1000 * (busy - (idle * used.seconds) / rest.seconds)) / count,
              target: { of: 'value', atMost: ALLOWED.couchMs },
            } satisfies Figure,
          ]),
    ];
  },
};
