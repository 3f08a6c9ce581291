import { expect, test } from 'vitest';
import { conversationWith, memoryVault, named } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

const ALL = { readReceipts: true, typing: true, presence: true };

test('preferences are kept, and told when they change', async () => {
  await using scene = await Scene.open();
  const vault = memoryVault();
  const first = await scene.person('alice', { vault });
  expect(await first.preferences()).toEqual(ALL);
  const told: unknown[] = [];
  first.on('preferences', (preferences) => told.push(preferences));
  await first.setPreferences({ typing: false });
  await first.setPreferences({ readReceipts: false });
  expect(told).toEqual([
    { ...ALL, typing: false },
    { ...ALL, typing: false, readReceipts: false },
  ]);
  await first[Symbol.asyncDispose]();
  expect(await scene.messenger({ vault }).preferences()).toEqual({
    ...ALL,
    typing: false,
    readReceipts: false,
  });
});

test('without read receipts none are sent, and none are shown', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  await bob.addContact('alice');
  await alice.addContact('bobby');
  await bob.setPreferences({ readReceipts: false });
  await alice.sendText('bobby', 'one');
  await waitForTexts(bob, alice, ['one']);
  await bob.sendText('alice', 'two');
  await waitForTexts(bob, alice, ['one', 'two']);
  await waitForTexts(alice, bob, ['one', 'two']);
  await waitFor('delivered', async () =>
    [
      ...(await alice.messages(conversationWith(bobId))),
      ...(await bob.messages(conversationWith(aliceId))),
    ].every(({ direction, state }) => direction === 'in' || state === 'delivered'),
  );
  await bob.markRead(await bob.messages(conversationWith(aliceId)));
  await alice.markRead(await alice.messages(conversationWith(bobId)));
  // What comes after the receipts shows that they have come, or were never sent.
  await alice.sendText('bobby', 'three');
  await waitForTexts(bob, alice, ['one', 'two', 'three']);
  await bob.sendText('alice', 'four');
  await waitForTexts(bob, alice, ['one', 'two', 'three', 'four']);
  await waitForTexts(alice, bob, ['one', 'two', 'three', 'four']);
  expect((await bob.messages(conversationWith(aliceId)))[1]).toMatchObject({
    text: 'two',
    state: 'delivered',
  });
  expect((await alice.messages(conversationWith(bobId)))[0]).toMatchObject({
    text: 'one',
    state: 'delivered',
  });

  await bob.setPreferences({ readReceipts: true });
  await bob.markRead(await bob.messages(conversationWith(aliceId)));
  await waitFor('read', async () =>
    (await alice.messages(conversationWith(bobId))).some(
      ({ text, state }) => text === 'three' && state === 'read',
    ),
  );
});

test('without typing and presence nobody is told of them, and those who were are told of the end', async () => {
  await using scene = await Scene.open();
  const [bob] = [await scene.person('bobby'), await scene.person('alice')];
  const { id } = await bob.addContact('alice');
  const { accountId } = named(id);
  const frames: unknown[] = [];
  scene.cluster.intercept = (frame) => {
    if (frame.type === 'typing' || frame.type === 'presence') frames.push(frame);
    return false;
  };
  bob.setPresence('online', [accountId]);
  await waitFor('shown', () => frames.length === 1);
  await bob.setPreferences({ typing: false, presence: false });
  await waitFor('hidden', () => frames.length === 2);
  bob.setTyping(id, true);
  bob.setPresence('away', [accountId]);
  await waitFor('still hidden', () => frames.length === 3);
  scene.cluster.dropSockets();
  await waitFor('again hidden', () => frames.length === 4);
  await bob.setPreferences({ presence: true });
  await waitFor('shown again', () => frames.length === 5);
  const presence = (state: string, to: string[]) => ({
    ...{ type: 'presence', state, to },
    ...(to.length === 0 ? { from: [accountId] } : {}),
  });
  expect(frames).toEqual([
    presence('online', [accountId]),
    presence('online', []),
    presence('away', []),
    presence('away', []),
    presence('away', [accountId]),
  ]);
});
