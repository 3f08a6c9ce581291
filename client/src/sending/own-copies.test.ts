import { expect, test } from 'vitest';
import { conversationWith, memoryVault } from '../index.ts';
import { accountOf, live, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

/** Every own device has what was sent from any of them since it is there. */

/** Alice's first device, whose vault stays when it is closed, has written to Bob. */
const writers = async (scene: Scene) => {
  const disk = memoryVault();
  const vault = { ...disk, close: () => Promise.resolve() };
  const alice = await scene.person('alice', { vault });
  const bob = await scene.person('bobby');
  await alice.sendText('bobby', 'hello');
  await waitForTexts(bob, alice, ['hello']);
  await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  await alice[Symbol.asyncDispose]();
  return { disk, bob, bobId: await accountOf(bob) };
};

test('what was written without a network before another device signed in goes to that one as well', async () => {
  await using scene = await Scene.open();
  const { disk, bob, bobId } = await writers(scene);
  const phone = scene.messenger({ vault: disk });
  await phone.sendText(bobId, 'written on the train');
  const desktop = await scene.device('alice');
  await phone.start();
  await waitForTexts(bob, phone, ['hello', 'written on the train']);
  await waitForTexts(desktop, bob, ['written on the train']);
});

test('sending does not wait for a master that cannot tell the own devices: the copies follow', async () => {
  await using scene = await Scene.open();
  const { disk, bob, bobId } = await writers(scene);
  const phone = scene.messenger({ vault: disk });
  await phone.sendText(bobId, 'written on the train');
  const desktop = await scene.device('alice');
  scene.cluster.ownDevicesFail = true;
  await phone.start();
  await live(phone);
  await waitForTexts(bob, phone, ['hello', 'written on the train']);
  expect(await desktop.messages(conversationWith(bobId))).toEqual([]);
  scene.cluster.ownDevicesFail = false;
  await waitForTexts(desktop, bob, ['written on the train']);
  await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  await waitForTexts(bob, phone, ['hello', 'written on the train']);
});
