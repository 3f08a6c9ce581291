import { describe, expect, test } from 'vitest';
import { conversationWith, memoryVault, type Conversation, type Message, type Messenger } from '../index.ts';
import { accountOf, Scene, textsWith, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

const rowOf = async (messenger: Messenger, other: Messenger): Promise<Conversation | undefined> => {
  const accountId = await accountOf(other);
  return (await messenger.conversations()).find((each) => each.id === accountId);
};
const waitForStanding = (messenger: Messenger, other: Messenger, standing: string): Promise<void> =>
  waitFor(standing, async () => (await rowOf(messenger, other))?.standing === standing);

const incoming = async (messenger: Messenger, other: Messenger): Promise<Message[]> =>
  (await messenger.messages(conversationWith(await accountOf(other)))).filter(
    ({ direction }) => direction === 'in',
  );

/** What the other side has been told of messages. */
const receiptsOf = (scene: Scene): number =>
  scene.cluster.acknowledges
    .filter(({ receipts }) => receipts)
    .reduce((sum, { messages }) => sum + messages.length, 0);

describe('a stranger', () => {
  test('is a request: told that it arrived, and nothing else, until accepted', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
    await alice.sendText('bobby', 'hello');
    await waitForTexts(bob, alice, ['hello']);
    expect(await rowOf(bob, alice)).toMatchObject({ standing: 'request', unread: 1 });
    expect(await rowOf(alice, bob)).toMatchObject({ standing: 'accepted' });
    await waitFor(
      'delivered',
      async () => (await alice.messages(conversationWith(bobId)))[0]?.state === 'delivered',
    );

    const frames: string[] = [];
    scene.cluster.intercept = (frame) => {
      if (frame.type === 'typing') frames.push(`typing ${frame.to === aliceId}`);
      if (frame.type === 'presence') frames.push(`presence ${frame.to.length}`);
      return false;
    };
    const heardByBob: string[] = [];
    bob.on('typing', ({ active }) => heardByBob.push(`typing ${active}`));
    bob.on('presence', ({ state }) => heardByBob.push(state));
    scene.cluster.push(bobId, 1, { type: 'typing', accountId: aliceId, active: true });
    scene.cluster.push(bobId, 1, { type: 'presence', accountId: aliceId, state: 'online' });
    bob.setTyping(conversationWith(aliceId), true);
    bob.setPresence('online', [aliceId]);
    await bob.markRead(await incoming(bob, alice));
    await waitFor('presence for nobody', () => frames.length > 0);
    expect(frames).toEqual(['presence 0']);

    expect((await alice.messages(conversationWith(bobId)))[0]?.state).toBe('delivered');
    await bob.setStanding(aliceId, 'accepted');
    await waitFor('presence', () => frames.includes('presence 1'));
    bob.setTyping(conversationWith(aliceId), true);
    await waitFor('typing', () => frames.includes('typing true'));
    scene.cluster.push(bobId, 1, { type: 'typing', accountId: aliceId, active: false });
    scene.cluster.push(bobId, 1, { type: 'presence', accountId: aliceId, state: 'away' });
    await waitFor('both', () => heardByBob.length === 2);
    expect(heardByBob).toEqual(['typing false', 'away']);
    await alice.sendText('bobby', 'again');
    await waitForTexts(bob, alice, ['hello', 'again']);
    await bob.markRead(await incoming(bob, alice));
    await waitFor(
      'read',
      async () => (await alice.messages(conversationWith(bobId))).at(-1)?.state === 'read',
    );
  });

  test.each<[string, (bob: Messenger, aliceId: string) => Promise<unknown>]>([
    ['accepted', (bob, aliceId) => bob.setStanding(aliceId, 'accepted')],
    ['added as a contact', (bob) => bob.addContact('alice')],
    ['answered', (bob, aliceId) => bob.sendText(aliceId, 'who are you?')],
  ])('learns what was read of the request when it is %s, and nothing of the rest', async (_, letIn) => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
    const states = async (): Promise<string[]> =>
      (await alice.messages(conversationWith(bobId))).flatMap(({ direction, state }) =>
        direction === 'out' ? [state] : [],
      );
    for (const text of ['one', 'two', 'three']) await alice.sendText('bobby', text);
    await waitForTexts(bob, alice, ['one', 'two', 'three']);
    await waitFor('delivered', async () => (await states()).every((state) => state === 'delivered'));
    await bob.markRead((await incoming(bob, alice)).slice(0, 2));
    await letIn(bob, aliceId);
    await waitFor('read', async () => (await states())[1] === 'read');
    expect(await states()).toEqual(['read', 'read', 'delivered']);
  });

  test('learns nothing of what was read from whoever does not tell', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
    await bob.setPreferences({ readReceipts: false });
    await alice.sendText('bobby', 'hello');
    await waitForTexts(bob, alice, ['hello']);
    await bob.markRead(await incoming(bob, alice));
    await bob.sendText(aliceId, 'who are you?');
    await waitForTexts(alice, bob, ['hello', 'who are you?']);
    expect((await alice.messages(conversationWith(bobId)))[0]?.state).toBe('delivered');
  });

  test('is accepted by an answer, on all devices', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const bob2 = await scene.device('bobby');
    await alice.sendText('bobby', 'hello');
    await waitForStanding(bob, alice, 'request');
    await waitForStanding(bob2, alice, 'request');
    await bob2.sendText(await accountOf(alice), 'who are you?');
    await waitForStanding(bob2, alice, 'accepted');
    await waitForStanding(bob, alice, 'accepted');
  });

  test('who was added as a contact is none, on any device', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const bob2 = await scene.device('bobby');
    const bobId = await accountOf(bob);
    const isHeardOf = (deviceId: number): boolean =>
      scene.cluster.acknowledges.some(({ messages }) =>
        messages.some(({ senderId, senderDeviceId }) => senderId === bobId && senderDeviceId === deviceId),
      );
    await waitFor('the greeting of the new device', () => isHeardOf(2));
    const added = await bob.addContact('alice');
    expect(added).toMatchObject({
      id: await accountOf(alice),
      username: 'alice',
      standing: 'accepted',
    });
    expect(await bob.conversations()).toEqual([added]);
    await waitFor('the other device to be told', () => isHeardOf(1));
    await alice.sendText('bobby', 'hello');
    await waitForTexts(bob, alice, ['hello']);
    await waitForTexts(bob2, alice, ['hello']);
    expect((await rowOf(bob, alice))?.standing).toBe('accepted');
    expect((await rowOf(bob2, alice))?.standing).toBe('accepted');
    await expect(bob.addContact('nobody')).rejects.toMatchObject({ code: 'not-found' });
    await expect(bob.addContact('No Name')).rejects.toMatchObject({ code: 'not-found' });
    await expect(bob.addContact('bobby')).rejects.toMatchObject({ code: 'own-account' });
    await expect(bob.setStanding(await accountOf(bob), 'blocked')).rejects.toMatchObject({
      code: 'own-account',
    });
    expect(await bob.conversations()).toHaveLength(1);
  });
});

describe('who is blocked', () => {
  test('is not kept, shown or told anything, on all devices, and is understood when let in again', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const bob2 = await scene.device('bobby');
    const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
    await alice.sendText('bobby', 'before');
    await waitForTexts(bob, alice, ['before']);
    await waitForTexts(bob2, alice, ['before']);
    await bob.setStanding(aliceId, 'blocked');
    await waitForStanding(bob2, alice, 'blocked');
    await waitFor('quiet', () => scene.cluster.waiting() === 0);
    const receipts = receiptsOf(scene);
    const shown: Message[] = [];
    bob.on('message', (message) => shown.push(message));
    bob.on('conversation', () => expect.fail('a blocked conversation has changed'));
    for (const text of ['one', 'two', 'three']) await alice.sendText('bobby', text);
    await waitFor('accepted', async () =>
      (await alice.messages(conversationWith(bobId))).every(({ state }) => state !== 'queued'),
    );
    await waitFor('forgotten by the nodes', () => scene.cluster.waiting() === 0);
    expect(receiptsOf(scene)).toBe(receipts);
    expect(shown).toEqual([]);
    expect(await textsWith(bob, alice)).toEqual(['before']);
    expect(await textsWith(bob2, alice)).toEqual(['before']);
    expect((await alice.messages(conversationWith(bobId))).at(-1)?.state).toBe('accepted');
  });

  test('and let in again is read on, from the next message', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const bob2 = await scene.device('bobby');
    const aliceId = await accountOf(alice);
    await alice.sendText('bobby', 'before');
    await waitForTexts(bob2, alice, ['before']);
    await waitForTexts(bob, alice, ['before']);
    await bob2.setStanding(aliceId, 'blocked');
    await waitForStanding(bob, alice, 'blocked');
    await alice.sendText('bobby', 'lost');
    await waitFor(
      'accepted',
      async () => (await alice.messages(conversationWith(await accountOf(bob))))[1]?.state === 'accepted',
    );
    await waitFor('forgotten', () => scene.cluster.waiting() === 0);
    await bob.sendText('alice', 'come back');
    await waitForStanding(bob, alice, 'accepted');
    await waitForStanding(bob2, alice, 'accepted');
    await waitForTexts(alice, bob, ['before', 'lost', 'come back']);
    await alice.sendText('bobby', 'after');
    await waitForTexts(bob, alice, ['before', 'come back', 'after']);
    await waitForTexts(bob2, alice, ['before', 'come back', 'after']);
  });

  test('gets no receipt and no request for what cannot be decrypted, and gives none', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
    await bob.sendText('alice', 'before');
    await waitForTexts(alice, bob, ['before']);
    await waitFor(
      'delivered',
      async () => (await bob.messages(conversationWith(aliceId)))[0]?.state === 'delivered',
    );
    await bob.setStanding(aliceId, 'blocked');
    await alice.setStanding(bobId, 'accepted');
    await alice.markRead(await incoming(alice, bob));
    bob.on('undecryptable', () => expect.fail('set aside'));
    scene.cluster.corrupt = ({ accountId }, envelope) =>
      accountId === bobId ? { ...envelope, payload: 'AAAA' } : envelope;
    const sends = scene.cluster.sends.length;
    await alice.sendText('bobby', 'broken');
    await waitFor('forgotten', () => scene.cluster.sends.length > sends && scene.cluster.waiting() === 0);
    scene.cluster.corrupt = (_, envelope) => envelope;
    await alice.sendText('bobby', 'whole');
    await waitFor('forgotten', () => scene.cluster.sends.length > sends + 1 && scene.cluster.waiting() === 0);
    expect(scene.cluster.sends).toHaveLength(sends + 2);
    expect((await bob.messages(conversationWith(aliceId))).map(({ state }) => state)).toEqual(['delivered']);
  });
});

describe('a conversation', () => {
  test('that is deleted does not come back, not even by old messages; a new one begins it anew', async () => {
    await using scene = await Scene.open();
    const vault = memoryVault();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby', { vault })];
    const aliceId = await accountOf(alice);
    await bob.addContact('alice');
    for (const text of ['one', 'two']) await alice.sendText('bobby', text);
    await waitForTexts(bob, alice, ['one', 'two']);
    await bob.setDraft(conversationWith(aliceId), 'half a sente');
    expect((await rowOf(bob, alice))?.draft).toBe('half a sente');
    const removed: string[] = [];
    bob.on('conversation-removed', ({ conversation }) => removed.push(conversation));
    await bob.deleteConversation(conversationWith(aliceId));
    expect(removed).toEqual([aliceId]);
    expect(await bob.conversations()).toEqual([]);
    expect(await bob.messages(conversationWith(aliceId))).toEqual([]);
    expect(await vault.list('messageKeys', { limit: 10 })).toHaveLength(2);
    await bob.setDraft(conversationWith(aliceId), 'too late');
    expect(await bob.conversations()).toEqual([]);

    await alice.sendText('bobby', 'three');
    await waitForTexts(bob, alice, ['three']);
    await waitFor('its name', async () => (await rowOf(bob, alice))?.username === 'alice');
    expect(await rowOf(bob, alice)).toMatchObject({ standing: 'accepted', draft: '', unread: 1 });
  });

  test('that is deleted stays blocked', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const aliceId = await accountOf(alice);
    await alice.sendText('bobby', 'one');
    await waitForTexts(bob, alice, ['one']);
    await bob.setStanding(aliceId, 'blocked');
    await bob.deleteConversation(conversationWith(aliceId));
    const sends = scene.cluster.sends.length;
    await alice.sendText('bobby', 'two');
    await waitFor('forgotten', () => scene.cluster.sends.length > sends && scene.cluster.waiting() === 0);
    expect(await bob.conversations()).toEqual([]);
    await bob.addContact('alice');
    await alice.sendText('bobby', 'three');
    await waitForTexts(bob, alice, ['three']);
  });

  test('keeps a draft of any text that can be sent', async () => {
    await using scene = await Scene.open();
    const [, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const { id } = await bob.addContact('alice');
    const drafts: string[] = [];
    bob.on('conversation', ({ draft }) => drafts.push(draft));
    await bob.setDraft(id, ' as typed ');
    await bob.setDraft(id, '');
    expect(drafts).toEqual([' as typed ', '']);
    await bob.setDraft(id, 'one, two');
    await bob.sendText('alice', 'one', { draft: 'two' });
    expect(drafts).toEqual([' as typed ', '', 'one, two', 'two']);
    await expect(bob.setDraft(id, 'x'.repeat(65 * 1024))).rejects.toMatchObject({ code: 'bad-text' });
  });
});

test('who is blocked while a text for them waits for the time stays blocked', async () => {
  await using scene = await Scene.open();
  let jumpMs = 0;
  const alice = await scene.person('alice', { now: () => Date.now() + jumpMs });
  const bob = await scene.person('bobby');
  await alice.sendText('bobby', 'hello');
  await waitForTexts(bob, alice, ['hello']);
  const answers: (() => void)[] = [];
  scene.cluster.intercept = (frame, reply) => {
    if (frame.type !== 'ping') return false;
    answers.push(() => reply({ type: 'pong', serverTime: scene.cluster.now() }));
    return true;
  };
  jumpMs = 5 * 3_600_000;
  const bobId = await accountOf(bob);
  const written = alice.sendText(bobId, 'and goodbye');
  const blocked = alice.setStanding(bobId, 'blocked');
  await waitFor('a question for the time', () => answers.length > 0);
  for (const answer of answers) answer();
  await Promise.all([written, blocked]);
  expect(await rowOf(alice, bob)).toMatchObject({ standing: 'blocked' });
  await waitForTexts(bob, alice, ['hello', 'and goodbye']);
});
