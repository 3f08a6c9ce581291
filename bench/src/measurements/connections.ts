import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  directoryDatabase,
  PROTOCOL_VERSION,
  subprotocol,
  tokenSubprotocol,
  type DeviceAddress,
} from '@restante/protocol';
import { startSockets } from '../load/start-sockets.ts';
import type { Measurement } from '../measurement.ts';
import { startBenchCluster } from '../servers/cluster.ts';
import { cpuSeconds } from '../servers/cpu-time.ts';
import { anonymousMemoryMb } from '@restante/testkit';
import { seedDevices } from '../servers/seed-devices.ts';

/** Opened before the others, so that the heap has grown to what it needs at work. */
const FIRST = 3_000;
const COUNTED = 12_000;
/** What is under way has ended, and the garbage of connecting is collected. */
const SETTLE_MS = 20_000;
const TOKEN_TTL_MS = 3_600_000;

type Server = { readonly pid: number; readonly url: string };

/** What each of many connections costs a server in resident memory and processor time. */
const costOf = async (
  { pid, url }: Server,
  protocols: readonly (readonly string[])[],
): Promise<{ kB: number; ms: number }> => {
  await using sockets = startSockets();
  await sockets.run({ url, protocols: protocols.slice(0, FIRST) });
  await sleep(SETTLE_MS);
  const [beforeMb, beforeS] = [await anonymousMemoryMb(pid), await cpuSeconds(pid)];
  await sockets.run({ url, protocols: protocols.slice(FIRST) });
  const usedS = (await cpuSeconds(pid)) - beforeS;
  await sleep(SETTLE_MS);
  const count = protocols.length - FIRST;
  return { kB: (((await anonymousMemoryMb(pid)) - beforeMb) * 1e3) / count, ms: (usedS * 1e3) / count };
};

/** Connected devices that do nothing, beside as many WebSockets of a server that keeps nothing else. */
export const connections: Measurement = {
  name: 'connections',
  run: async (bench) => {
    await using cluster = await startBenchCluster(bench, { MAX_CONNECTIONS: '20000' });
    const offered = async (device: DeviceAddress): Promise<string[]> => {
      const token = await cluster.signer.device(device, 'master', Date.now() + TOKEN_TTL_MS);
      return [subprotocol(PROTOCOL_VERSION), tokenSubprotocol(token)];
    };
    const devices = Array.from({ length: FIRST + COUNTED }, () => ({ accountId: randomUUID(), deviceId: 1 }));
    const couchUrls = cluster.couchServers.map(({ adminUrl }) => adminUrl);
    await seedDevices(couchUrls, directoryDatabase(cluster.databasePrefix), cluster.signatures, devices);
    const protocols = await Promise.all(devices.map(offered));
    const url = `${cluster.masterUrl.replace('http', 'ws')}/ws`;
    const ours = await costOf({ pid: cluster.masters[0]!.pid!, url }, protocols);

    const relay = fork(fileURLToPath(new URL('../load/relay.ts', import.meta.url)), {
      execArgv: ['--max-semi-space-size=8'],
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
    });
    const [port] = (await once(relay, 'message')) as [number];
    const nothing = protocols.map(() => []);
    const peer = await costOf({ pid: relay.pid!, url: `ws://127.0.0.1:${port}` }, nothing);
    relay.disconnect();

    return [
      {
        name: 'resident memory of a master for a connected device',
        unit: 'kB',
        value: ours.kB,
        peer: { name: 'bare ws', value: peer.kB },
        ratio: ours.kB / peer.kB,
        target: { of: 'value', atMost: 10 },
      },
      {
        name: 'CPU of a master for a connection, directory not read before',
        unit: 'ms',
        value: ours.ms,
        peer: { name: 'bare ws', value: peer.ms },
        ratio: ours.ms / peer.ms,
      },
    ];
  },
};
