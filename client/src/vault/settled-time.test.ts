import { readRow } from './rows.ts';
import { LIMITS, mintMessageId } from '@restante/protocol';
import { expect, test } from 'vitest';
import { memoryVault, type TableName } from '../index.ts';
import { live, Scene } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { areFarApart, settleTime } from './settled-time.ts';
import { createVaultStore } from './store.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const START = Date.UTC(2030, 0, 1);
const day = (days: number): number => START + days * DAY_MS;

const readings = async (...days: (number | readonly [number, number])[]): Promise<number[]> => {
  const store = createVaultStore(memoryVault());
  const settled: number[] = [];
  for (const each of days) {
    const [machine, server] = typeof each === 'number' ? [each, each] : each;
    settled.push(((await settleTime(store, day(machine), day(server))) - START) / DAY_MS);
  }
  return settled;
};
const NEVER = -START / DAY_MS;

test('time is settled when a week has passed since it was read', async () => {
  expect(await readings(0, 1, 6.9, 7, 8, 14)).toEqual([NEVER, NEVER, NEVER, 0, 0, 7]);
  expect(await readings(0, 60, 66, 67)).toEqual([NEVER, 0, 0, 60]);
});

test('a step forward that is put right settles nothing, a step backward is believed', async () => {
  expect(await readings(0, 8, 53, 9, 10, 17)).toEqual([NEVER, 0, 8, 8, 8, 9]);
  expect(await readings(0, 8, 1)).toEqual([NEVER, 0, 0]);
  expect(await readings(0, 8, -400, 9, 10)).toEqual([NEVER, 0, -400, -400, -400]);
});

test('one clock that is ahead, this machine or the server, settles nothing', async () => {
  const [machine, server] = [[45, 1] as const, [1, 45] as const];
  expect(await readings(0, machine, machine, [60, 2], server, [2, 60])).toEqual(Array(6).fill(NEVER));
  expect([areFarApart(day(45), day(0)), areFarApart(day(0), day(45)), areFarApart(day(0), day(0.9))]).toEqual(
    [true, true, false],
  );
});

test('a messenger that begins with a wrong clock forgets nothing; what expired is forgotten later', async () => {
  await using scene = await Scene.open();
  const vault = memoryVault();
  let aheadMs = 0;
  const bob = await scene.person('bobby', { vault, now: () => Date.now() + aheadMs });
  const faults: Error[] = [];
  bob.on('fault', (fault) => faults.push(fault));
  const key = mintMessageId(Date.now(), new Uint8Array(10));
  const tables = ['seenIds', 'sentIds', 'annotations', 'requests'] as const satisfies TableName[];
  await vault.commit([
    { table: 'seenIds', key, value: true },
    { table: 'sentIds', key, value: { messageKey: null, contents: null, earlier: [] } },
    { table: 'annotations', key, value: {} },
    { table: 'requests', key, value: key },
  ]);
  const kept = async (): Promise<TableName[]> => {
    const rows = await Promise.all(tables.map((table) => vault.get(table, key)));
    return tables.filter((_, index) => rows[index] !== undefined);
  };
  const begin = async (machineDays: number, serverDays: number): Promise<void> => {
    bob.stop();
    aheadMs = machineDays * DAY_MS;
    scene.cluster.clockOffsetMs = serverDays * DAY_MS;
    await bob.start();
    await live(bob);
  };
  const settled = async (days: number): Promise<void> =>
    waitFor(`day ${days}`, async () => {
      const time = readRow('settledTime', await vault.get('settledTime', 'only'));
      return time !== undefined && Math.round((time.readingMs - Date.now()) / DAY_MS) === days;
    });

  await begin(45, 0);
  await waitFor('told', () => faults.some((fault) => 'code' in fault && fault.code === 'wrong-clock'));
  await begin(0, 45);
  await begin(45, 45);
  await settled(45);
  await begin(46, 46);
  await begin(-20_000, 0);
  await begin(1, 1);
  expect(await kept()).toEqual(tables);

  const expiredDays = LIMITS.messageTtlMs / DAY_MS + 2;
  await begin(expiredDays, expiredDays);
  await settled(expiredDays);
  await begin(expiredDays + 7, expiredDays + 7);
  await waitFor('forgotten', async () => (await kept()).length === 0);
});
