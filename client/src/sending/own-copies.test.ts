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
  const desktop = await scene.deviceBy('alice', disk);
  await phone.start();
  await waitForTexts(bob, phone, ['hello', 'written on the train']);
  await waitForTexts(desktop, bob, ['written on the train']);
});

test('what was deleted here before another device signed in is not there either, though it went out later', async () => {
  await using scene = await Scene.open();
  const { disk, bob, bobId } = await writers(scene);
  const phone = scene.messenger({ vault: disk });
  const conversation = conversationWith(bobId);
  await phone.sendText(bobId, 'to be forgotten');
  const { id } = await phone.sendText(bobId, 'to be kept');
  const [forgotten] = (await phone.messages(conversation)).filter(
    (message) => message.text === 'to be forgotten',
  );
  await phone.deleteForMe(conversation, [{ author: await accountOf(phone), id: forgotten!.id }]);
  const desktop = await scene.deviceBy('alice', disk);
  await phone.start();
  await waitForTexts(bob, phone, ['hello', 'to be forgotten', 'to be kept']);
  await waitFor('the other one', async () =>
    (await desktop.messages(conversation)).some((message) => message.id === id),
  );
  await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  await waitForTexts(desktop, bob, ['to be kept']);
});

test('what was written before a master told that there are no others asks for no keys of oneself', async () => {
  await using scene = await Scene.open();
  const bob = await scene.person('bobby');
  const alice = scene.messenger({ vault: memoryVault() });
  await alice.register({ username: 'alice', password: 'correct horse', deviceName: 'first' });
  const texts = Array.from({ length: 40 }, (_, index) => `text ${index}`);
  for (const text of texts) await alice.sendText(await accountOf(bob), text);
  const asked = scene.cluster.keyQuestions.length;
  await alice.start();
  await waitForTexts(bob, alice, texts);
  expect(scene.cluster.keyQuestions.slice(asked)).toEqual([await accountOf(bob)]);
});

test('that the keys of an own device were not there once costs no copy, though its greeting is lost', async () => {
  await using scene = await Scene.open();
  const { disk, bob, bobId } = await writers(scene);
  const phone = scene.messenger({ vault: disk });
  const desktop = await scene.deviceBy('alice', disk);
  await waitFor('its greeting', () => scene.cluster.waiting() > 0);
  for (const node of scene.cluster.nodes) node.mailboxes.clear();
  await phone.sendText(bobId, 'written on the train');
  scene.cluster.hiddenKeys = 1;
  await phone.start();
  await waitForTexts(bob, phone, ['hello', 'written on the train']);
  await waitForTexts(desktop, bob, ['written on the train']);
  expect(scene.cluster.hiddenKeys).toBe(0);
});

test('sending does not wait for a master that cannot tell the own devices: the copies follow', async () => {
  await using scene = await Scene.open();
  const { disk, bob, bobId } = await writers(scene);
  const phone = scene.messenger({ vault: disk });
  await phone.sendText(bobId, 'written on the train');
  const desktop = await scene.deviceBy('alice', disk);
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
