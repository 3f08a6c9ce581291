import { deviceKey } from '@restante/protocol';
import { expect, test } from 'vitest';
import { conversationWith, memoryVault, type Messenger, type Vault } from '../index.ts';
import { accountOf, live, Scene, textsWith, waitForTexts } from '../node/testing/scene.ts';
import type { Registered } from '../node/testing/scripted-cluster.ts';
import { waitFor } from '../node/testing/wait-for.ts';

/** A master that does not have a device which is on its account's list costs that device no text. */

/** Takes a device from the masters, as if they were cut off from those that know it. Returns what brings it back. */
const hide = ({ cluster }: Scene, accountId: string, deviceId: number): (() => void) => {
  const found = cluster.devices.find(
    (each) => each.accountId === accountId && each.deviceId === deviceId,
  ) as Registered;
  cluster.devices.splice(cluster.devices.indexOf(found), 1);
  return () => void cluster.devices.push(found);
};

const leftOut = async (vault: Vault): Promise<number> => (await vault.list('leftOut', { limit: 10 })).length;

const talkers = async (scene: Scene) => {
  const vault = memoryVault();
  const [alice, bob] = [await scene.person('alice', { vault }), await scene.person('bobby')];
  const second = await scene.device('bobby');
  await alice.sendText('bobby', 'hello');
  for (const each of [bob, second]) await waitForTexts(each, alice, ['hello']);
  const deviceOf = async (messenger: Messenger): Promise<number> => (await messenger.self())!.deviceId;
  return { vault, alice, bob, second, secondId: await deviceOf(second), bobId: await accountOf(bob) };
};

test('what went out without a device of a contact reaches it when the master has it, once, and nobody else again', async () => {
  await using scene = await Scene.open();
  const { vault, alice, bob, second, secondId, bobId } = await talkers(scene);
  const comesBack = hide(scene, bobId, secondId);
  await alice.sendText('bobby', 'while it was not there');
  await waitForTexts(bob, alice, ['hello', 'while it was not there']);
  await waitFor('it to be noted', async () => (await leftOut(vault)) === 1);
  expect(await textsWith(second, alice)).toEqual(['hello']);
  comesBack();
  await waitForTexts(second, alice, ['hello', 'while it was not there']);
  await waitFor('nothing to be owed', async () => (await leftOut(vault)) === 0);
  await alice.sendText('bobby', 'after it');
  for (const each of [bob, second])
    await waitForTexts(each, alice, ['hello', 'while it was not there', 'after it']);
});

test('that is not forgotten over a restart, and what was taken back meanwhile does not come', async () => {
  await using scene = await Scene.open();
  const disk = memoryVault();
  const first = await scene.person('alice', { vault: { ...disk, close: () => Promise.resolve() } });
  const bob = await scene.person('bobby');
  const second = await scene.device('bobby');
  await first.sendText('bobby', 'hello');
  for (const each of [bob, second]) await waitForTexts(each, first, ['hello']);
  const bobId = await accountOf(bob);
  const comesBack = hide(scene, bobId, (await second.self())!.deviceId);
  const { id } = await first.sendText('bobby', 'a mistake');
  await first.sendText('bobby', 'while it was not there');
  await waitForTexts(bob, first, ['hello', 'a mistake', 'while it was not there']);
  await first.deleteForEveryone(conversationWith(bobId), id);
  await waitFor('it to be taken back', async () => !(await textsWith(bob, first)).includes('a mistake'));
  await waitFor('nothing to wait', async () => (await disk.list('outbox', { limit: 1 })).length === 0);
  await first[Symbol.asyncDispose]();
  comesBack();
  const alice = scene.messenger({ vault: disk });
  await alice.start();
  await live(alice);
  await waitFor('the text', async () => (await textsWith(second, alice)).includes('while it was not there'));
  await waitFor('nothing to be owed', async () => (await leftOut(disk)) === 0);
  await waitFor('nothing to wait', () => scene.cluster.waiting() === 0);
  expect(await textsWith(second, alice)).not.toContain('a mistake');
});

test('an own device that a master did not have gets what was sent from the others', async () => {
  await using scene = await Scene.open();
  const vault = memoryVault();
  const [alice, bob] = [await scene.person('alice', { vault }), await scene.person('bobby')];
  const second = await scene.device('alice');
  await alice.sendText('bobby', 'hello');
  await waitForTexts(second, bob, ['hello']);
  const self = (await alice.self())!;
  const comesBack = hide(scene, self.accountId, (await second.self())!.deviceId);
  scene.cluster.sockets.get(deviceKey(self))!.close(1001);
  await alice.sendText('bobby', 'while it was not there');
  await waitForTexts(bob, alice, ['hello', 'while it was not there']);
  await waitFor('it to be noted', async () => (await leftOut(vault)) === 1);
  comesBack();
  await waitForTexts(second, bob, ['hello', 'while it was not there']);
  await waitFor('nothing to be owed', async () => (await leftOut(vault)) === 0);
});

test('a device that is on the list no more is not waited for', async () => {
  await using scene = await Scene.open();
  const { vault, alice, bob, second, secondId, bobId } = await talkers(scene);
  hide(scene, bobId, secondId);
  await alice.sendText('bobby', 'while it was not there');
  await waitFor('it to be noted', async () => (await leftOut(vault)) === 1);
  await second[Symbol.asyncDispose]();
  await bob.removeDevice(secondId);
  await alice.sendText('bobby', 'after it');
  await waitFor('nothing to be owed', async () => (await leftOut(vault)) === 0);
});

test('a new device of a contact gets the last texts that a server took which was cut off, and none before', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  await alice.sendText('bobby', 'hello');
  await waitForTexts(bob, alice, ['hello']);
  for (const node of scene.cluster.nodes.slice(1)) node.down = true;
  for (const text of ['one', 'two']) await alice.sendText('bobby', text);
  await waitForTexts(bob, alice, ['hello', 'one', 'two']);
  for (const node of scene.cluster.nodes) node.down = false;
  const second = await scene.device('bobby');
  await alice.sendText('bobby', 'three');
  await waitForTexts(second, alice, ['one', 'two', 'three']);
  await waitFor('nothing to wait', () => scene.cluster.waiting() === 0);
  await waitForTexts(bob, alice, ['hello', 'one', 'two', 'three']);
  await waitForTexts(second, alice, ['one', 'two', 'three']);
});

test('each of many devices gets it that come back one after the other', async () => {
  await using scene = await Scene.open();
  const { alice, bob, second, secondId, bobId } = await talkers(scene);
  const devices = [second, ...(await Promise.all([1, 2, 3, 4].map(() => scene.device('bobby'))))];
  await alice.sendText('bobby', 'to all');
  for (const each of devices)
    await waitFor('it to come', async () => (await textsWith(each, alice)).includes('to all'));
  const ids = await Promise.all(devices.map(async (each) => (await each.self())!.deviceId));
  expect(ids[0]).toBe(secondId);
  const comeBack = ids.map((deviceId) => hide(scene, bobId, deviceId));
  await alice.sendText('bobby', 'while they were not there');
  await waitFor('it to come', async () =>
    (await textsWith(bob, alice)).includes('while they were not there'),
  );
  for (const [index, each] of devices.entries()) {
    comeBack[index]!();
    await waitFor(`device ${index + 1} to get it`, async () =>
      (await textsWith(each, alice)).includes('while they were not there'),
    );
  }
  await waitFor('nothing to wait', () => scene.cluster.waiting() === 0);
  for (const each of [bob, ...devices]) {
    const texts = await textsWith(each, alice);
    expect(texts.filter((text) => text === 'while they were not there')).toHaveLength(1);
  }
});
