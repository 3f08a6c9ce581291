import { directoryDatabase } from '@restante/protocol';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figure.ts';
import { startGathering } from '../load/start-gathering.ts';
import type { Measurement } from '../measurement.ts';
import { startBenchCluster } from '../servers/cluster.ts';
import { createClusterMeter, type Role } from '../servers/cluster-meter.ts';
import { seedDevices } from '../servers/seed-devices.ts';

/** What ends after a connection has its welcome is counted too, as far as it ends within this time. */
const AFTERWARDS_MS = 2_000;
/** For what a start and new documents have left to do, and to see what they all cost at rest. */
const REST_MS = 10_000;
const HOUR_MS = 60 * 60 * 1000;
const LIMITS_OF: readonly (readonly [Role, number])[] = [
  ['master', 0.8],
  ['CouchDB', 0.3],
];

/** What it costs when everybody comes back at once to a master that has just started. */
export const reconnect: Measurement = {
  name: 'reconnect',
  run: async (bench) => {
    const { sockets } = bench.size;
    await using cluster = await startBenchCluster(bench, { MAX_CONNECTIONS: String(sockets + 1) });
    await using gathering = startGathering();
    const meter = await createClusterMeter(cluster);
    const [master] = cluster.masters;
    bench.progress(`  ${sockets} devices in the directory`);
    const devices = Array.from({ length: sockets }, () => ({ accountId: randomUUID(), deviceId: 1 }));
    const database = directoryDatabase(cluster.databasePrefix);
    await seedDevices(
      cluster.couchServers.map(({ adminUrl }) => adminUrl),
      database,
      cluster.signatures,
      devices,
    );
    const expiresAt = Date.now() + HOUR_MS;
    const tokens = await Promise.all(
      devices.map((device) => cluster.signer.device(device, 'master', expiresAt, 0)),
    );
    await master!.restart();
    await sleep(REST_MS);

    bench.progress('  connecting them');
    const connecting = await meter.start();
    await gathering.run({ masterUrl: cluster.masterUrl, tokens });
    await sleep(AFTERWARDS_MS);
    const used = await connecting();
    const resting = await meter.start();
    await sleep(REST_MS);
    const rest = await resting();

    const seconds = used.seconds - AFTERWARDS_MS / 1000;
    return [
      {
        name: `${sockets.toLocaleString('en')} devices come back at once: until the last is there`,
        unit: 's',
        value: seconds,
      },
      ...LIMITS_OF.flatMap(([role, atMost]): Figure[] => {
        const [busy, idle] = [used.busiest.get(role), rest.busiest.get(role)];
        if (busy === undefined || idle === undefined) return [];
        const own = busy - (idle * used.seconds) / rest.seconds;
        const name = `${sockets.toLocaleString('en')} devices come back at once: CPU of the ${role}, for each`;
        return [{ name, unit: 'ms', value: (1000 * own) / sockets, target: { of: 'value', atMost } }];
      }),
    ];
  },
};
