import { expect, test } from 'vitest';
import { conversationWith, memoryVault, readRow, type Messenger } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

/** A new own device knows what the others know before it tells anybody of itself. */

const rowOf = async (messenger: Messenger, accountId: string) =>
  (await messenger.conversations()).find((each) => each.id === accountId);
const settled = (scene: Scene): Promise<void> => waitFor('nothing left', () => scene.cluster.waiting() === 0);
const statesOf = async (messenger: Messenger, accountId: string): Promise<string[]> =>
  (await messenger.messages(conversationWith(accountId))).map(({ state }) => state);

/** Alice has accepted and verified Bob, and blocked Mallory. */
const known = async (scene: Scene) => {
  const disk = memoryVault();
  const vault = { ...disk, close: () => Promise.resolve() };
  const alice = await scene.person('alice', { vault });
  const [bob, mallory] = [await scene.person('bobby'), await scene.person('mallory')];
  const [aliceId, bobId, malloryId] = [
    await accountOf(alice),
    await accountOf(bob),
    await accountOf(mallory),
  ];
  await bob.sendText('alice', 'hi');
  await mallory.sendText('alice', 'spam');
  await waitForTexts(alice, bob, ['hi']);
  await waitForTexts(alice, mallory, ['spam']);
  await alice.sendText(bobId, 'welcome');
  await waitForTexts(bob, alice, ['hi', 'welcome']);
  await alice.setVerified(bobId, true);
  await alice.setStanding(malloryId, 'blocked');
  await alice.setPreferences({ readReceipts: false });
  await settled(scene);
  return { alice, vault, bob, mallory, aliceId, bobId, malloryId };
};

test('standings, verifications and preferences are there, and who is blocked is told nothing', async () => {
  await using scene = await Scene.open();
  const { bob, mallory, aliceId, bobId, malloryId } = await known(scene);
  const alice2 = await scene.device('alice');
  await mallory.sendText(aliceId, 'spam again');
  await bob.sendText(aliceId, 'to both');
  await waitFor('delivered', async () => (await statesOf(bob, aliceId)).at(-1) === 'delivered');
  await waitFor('preferences', async () => !(await alice2.preferences()).readReceipts);
  await waitFor('bob', async () => (await rowOf(alice2, bobId))?.standing === 'accepted');
  expect(await rowOf(alice2, bobId)).toMatchObject({ verification: 'verified' });
  await settled(scene);
  expect((await rowOf(alice2, malloryId))?.standing ?? 'blocked').toBe('blocked');
  expect(await statesOf(mallory, aliceId)).toEqual(['delivered', 'accepted']);
});

test('while no other device answers, strangers are told when the person lets them in, and later the blocked never', async () => {
  await using scene = await Scene.open();
  const { alice, vault, bob, mallory, aliceId, bobId, malloryId } = await known(scene);
  await alice[Symbol.asyncDispose]();
  const alice2 = await scene.deviceBy('alice', vault);
  await mallory.sendText(aliceId, 'spam again');
  await bob.sendText(aliceId, 'to the new one');
  await waitFor('both', async () => (await alice2.conversations()).length === 2);
  const mailbox = (): number => scene.cluster.nodes[0]!.mailboxes.get(`${aliceId}:2`)?.size ?? 0;
  await waitFor('both to be released by the nodes', () => mailbox() === 0);
  expect((await statesOf(bob, aliceId)).at(-1)).toBe('accepted');
  await alice2.setStanding(bobId, 'accepted');
  await waitFor('delivered', async () => (await statesOf(bob, aliceId)).at(-1) === 'delivered');

  const back = scene.messenger({ vault });
  await back.start();
  await waitFor('blocked', async () => (await rowOf(alice2, malloryId))?.standing === 'blocked');
  await settled(scene);
  await bob.sendText(aliceId, 'to both');
  await waitFor('delivered', async () => (await statesOf(bob, aliceId)).at(-1) === 'delivered');
  expect(await statesOf(mallory, aliceId)).toEqual(['delivered', 'accepted']);
});

test('that a message was told to be deleted twice before there was an answer costs its sender no receipt', async () => {
  await using scene = await Scene.open();
  const { alice, vault, bob, aliceId, bobId } = await known(scene);
  await alice[Symbol.asyncDispose]();
  const own = memoryVault();
  const alice2 = await scene.deviceBy('alice', vault, { vault: own });
  const answers: (() => void)[] = [];
  scene.cluster.intercept = (frame, reply) => {
    if (frame.type !== 'acknowledge' || frame.receipts) return false;
    const ids = frame.messages.map(({ id }) => id);
    answers.push(() => reply({ type: 'acknowledged', ids, copies: 3 }));
    return true;
  };
  await bob.sendText(aliceId, 'to the new one');
  await waitFor('it to be told twice', () => answers.length === 2);
  scene.cluster.intercept = () => false;
  for (const answer of answers) answer();
  await waitFor('the answers to be heard', async () => {
    const rows = await own.list('pendingDeletes', { limit: 10 });
    return rows.every(({ value }) => readRow('pendingDeletes', value)?.deleted);
  });
  await alice2.setStanding(bobId, 'accepted');
  await waitFor('delivered', async () => (await statesOf(bob, aliceId)).at(-1) === 'delivered');
});

test('what was written here while a new device waited reaches it when it is let in; what came to the others does not', async () => {
  await using scene = await Scene.open();
  const { alice, bob, aliceId, bobId } = await known(scene);
  const alice2 = await scene.waiting('alice');
  await bob.sendText(aliceId, 'read me');
  await waitForTexts(alice, bob, ['hi', 'welcome', 'read me']);
  await alice.markRead((await alice.messages(conversationWith(bobId))).slice(-1));
  await alice.sendText(bobId, 'answer');
  await waitForTexts(bob, alice, ['hi', 'welcome', 'read me', 'answer']);
  await scene.letIn('alice', alice2);
  await waitForTexts(alice2, bob, ['answer']);
  expect(await rowOf(alice2, bobId)).toMatchObject({ unread: 0, standing: 'accepted' });
  await settled(scene);
});

test('what was hidden before there was another device stays hidden, though it reaches that one later', async () => {
  await using scene = await Scene.open();
  const { alice, bob, aliceId, bobId } = await known(scene);
  const withBob = conversationWith(bobId);
  // The nodes have it, and its sender does not hear so.
  scene.cluster.intercept = (frame) => {
    if (frame.type !== 'send') return false;
    for (const { accountId, envelopes } of frame.recipients)
      for (const { deviceId, ...sealed } of envelopes)
        scene.cluster.deliver(bobId, 1, { accountId, deviceId }, frame.id, sealed);
    return true;
  };
  await bob.sendText(aliceId, 'hide me');
  await waitForTexts(alice, bob, ['hi', 'welcome', 'hide me']);
  const { id } = (await alice.messages(withBob)).at(-1)!;
  await alice.deleteForMe(withBob, [{ author: bobId, id }]);
  await waitForTexts(alice, bob, ['hi', 'welcome']);
  const alice2 = await scene.device('alice');
  scene.cluster.intercept = () => false;
  scene.cluster.dropSockets();
  await waitFor('it to be accepted', async () => {
    const sent = await bob.messages(conversationWith(aliceId));
    return sent.at(-1)?.copies !== undefined;
  });
  await settled(scene);
  expect((await alice.messages(withBob)).map(({ text }) => text)).not.toContain('hide me');
  const shown = async () => (await alice2.messages(withBob)).map(({ text }) => text);
  await waitFor('it to be hidden there too', async () => !(await shown()).includes('hide me'));
});

test('whom a new device writes to is let in on all, though they have ended and the text goes nowhere', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const bobId = await accountOf(bob);
  await bob.sendText('alice', 'hi');
  await waitForTexts(alice, bob, ['hi']);
  await settled(scene);
  await bob[Symbol.asyncDispose]();
  scene.cluster.endAccount(bobId);
  const alice2 = await scene.device('alice');
  await alice2.sendText(bobId, 'too late');
  await waitFor('it to fail', async () => (await statesOf(alice2, bobId)).at(-1) === 'failed');
  await waitFor('all to agree', async () => (await rowOf(alice, bobId))?.standing === 'accepted');
});
