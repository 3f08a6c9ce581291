import { readRow } from '../vault/rows.ts';
import { expect, test } from 'vitest';
import { memoryVault, type TableName } from '../index.ts';
import { accountOf, live, Scene, textsWith, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

test('signed keys are replaced after a week; old ones are understood for 45 days, then deleted once the time is settled', async () => {
  await using scene = await Scene.open();
  const vault = memoryVault();
  const keys = async (prefix: string, table: TableName = 'preKeys'): Promise<string[]> =>
    (await vault.list(table, { prefix, limit: 1_000 })).map(({ key }) => key);
  let aheadMs = 0;
  const bob = await scene.person('bobby', { vault, now: () => Date.now() + aheadMs });
  const bobId = await accountOf(bob);
  const uploaded = scene.cluster.devices[0]!.keys;
  uploaded.preKeys.length = 0;
  uploaded.kyberPreKeys.length = 0;
  const first = uploaded.lastResortKyberPreKey;
  const later = async (days: number): Promise<void> => {
    bob.stop();
    aheadMs += days * DAY_MS;
    scene.cluster.clockOffsetMs = aheadMs;
    await bob.start();
    await live(bob);
  };

  // One who asked for the keys before they were replaced, and writes after that.
  const alice = await scene.person('alice');
  scene.cluster.nodes.forEach((node) => (node.down = true));
  await alice.sendText('bobby', 'made with the first keys');
  await waitFor('keys are fetched', () => scene.cluster.keyFetches > 0);
  await later(6);
  expect(uploaded.lastResortKyberPreKey).toEqual(first);
  await later(2);
  await waitFor('rotation', () => uploaded.lastResortKyberPreKey.keyId !== first.keyId);
  const second = uploaded.lastResortKyberPreKey;
  expect(uploaded.signedPreKey.keyId).toBe(second.keyId);
  scene.cluster.nodes.forEach((node) => (node.down = false));
  await waitForTexts(bob, alice, ['made with the first keys']);
  const carol = await scene.person('carol');
  await carol.sendText('bobby', 'made with the second keys');
  await waitForTexts(bob, carol, ['made with the second keys']);
  const dave = await scene.person('dave');
  await dave.sendText(bobId, 'so is this');
  await waitForTexts(bob, dave, ['so is this']);
  expect(await keys('signed:')).toHaveLength(2);
  expect(await keys('1:', 'kyberUses')).toHaveLength(1);
  expect(await keys(`kyber:${second.keyId}`)).toHaveLength(1);
  expect(await keys('', 'kyberUses')).toHaveLength(3);

  await later(44);
  await waitFor('third keys', () => uploaded.lastResortKyberPreKey.keyId !== second.keyId);
  await waitFor('settled', async () => (await keys('signed:')).length === 3);
  const third = uploaded.lastResortKyberPreKey;
  await later(8);
  await waitFor('fourth keys', () => uploaded.lastResortKyberPreKey.keyId !== third.keyId);
  const fourth = uploaded.lastResortKyberPreKey;
  await later(8);
  await waitFor('fifth keys', () => uploaded.lastResortKyberPreKey.keyId !== fourth.keyId);
  await waitFor('the first are deleted', async () => !(await keys('signed:')).includes('signed:1'));
  await waitFor('its uses, too', async () => (await keys('', 'kyberUses')).length === 2);
  expect(await keys('signed:')).toHaveLength(4);
  expect(readRow('keyRing', await vault.get('keyRing', 'only'))?.lastResortKyberPreKeyIds).toHaveLength(4);
  expect(await keys('ec:')).toHaveLength(100);
  expect(await textsWith(bob, alice)).toEqual(['made with the first keys']);
});

test('an upload that fails is tried again', async () => {
  await using scene = await Scene.open();
  let aheadMs = 0;
  const bob = await scene.person('bobby', { now: () => Date.now() + aheadMs });
  const uploaded = scene.cluster.devices[0]!.keys;
  const faults: Error[] = [];
  bob.on('fault', (error) => faults.push(error));
  bob.stop();
  aheadMs = 8 * DAY_MS;
  scene.cluster.keyUploadsFail = true;
  await bob.start();
  await waitFor('fault', () => faults.length > 0);
  expect(uploaded.signedPreKey.keyId).toBe(1);
  scene.cluster.keyUploadsFail = false;
  scene.cluster.dropSockets();
  await waitFor('rotation', () => uploaded.signedPreKey.keyId !== 1);
});

test('a clock that was far ahead or behind when keys were made costs none that are in use (law 15)', async () => {
  await using scene = await Scene.open();
  const vault = memoryVault();
  let aheadMs = 0;
  const bob = await scene.person('bobby', { vault, now: () => Date.now() + aheadMs });
  const uploaded = scene.cluster.devices[0]!.keys;
  const later = async (machineDays: number, serverDays: number): Promise<void> => {
    bob.stop();
    aheadMs = machineDays * DAY_MS;
    scene.cluster.clockOffsetMs = serverDays * DAY_MS;
    const before = uploaded.signedPreKey.keyId;
    await bob.start();
    await waitFor('rotation', () => uploaded.signedPreKey.keyId !== before);
  };
  const signed = async (): Promise<string[]> =>
    (await vault.list('preKeys', { prefix: 'signed:', limit: 100 })).map(({ key }) => key);
  // Ahead, and right again: the keys of the wrong time are replaced, and none has been deleted.
  await later(100, 0);
  await later(8, 8);
  // Behind: these keys are no older than the server says.
  await later(-60, 16);
  await later(24, 24);
  expect(await signed()).toHaveLength(5);
  await later(155, 155);
  await later(163, 163);
  await waitFor('what was replaced is deleted', async () => !(await signed()).includes('signed:1'));
  expect(await signed()).toContain(`signed:${uploaded.signedPreKey.keyId}`);
});
