import { readRow } from '../vault/rows.ts';
import { deriveMessageId, deviceKey, mintMessageId } from '@restante/protocol';
import { describe, expect, test } from 'vitest';
import { conversationWith, MAX_TEXT_BYTES, memoryVault, type Message, type Messenger } from '../index.ts';
import { forgingRatchet } from '../node/testing/forging-ratchet.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

const withOther = async (messenger: Messenger, other: Messenger): Promise<Message[]> =>
  messenger.messages(conversationWith(await accountOf(other)), { limit: 1_000 });

const conversation = async (messenger: Messenger, other: Messenger) => {
  const accountId = await accountOf(other);
  return (await messenger.conversations()).find((each) => each.id === accountId);
};

/** Waits until the only message between two people looks like this on a device. */
const waitForOnly = (messenger: Messenger, other: Messenger, looks: (message: Message) => boolean) =>
  waitFor('the message', async () => {
    const [message, ...more] = await withOther(messenger, other);
    return message !== undefined && more.length === 0 && looks(message);
  });

const settled = (scene: Scene): Promise<void> => waitFor('nothing left', () => scene.cluster.waiting() === 0);

/** A second device of a person, whom the first one has learnt of. */
const secondDevice = async (scene: Scene, ...person: Parameters<Scene['device']>): Promise<Messenger> => {
  const second = await scene.device(...person);
  const accountId = await accountOf(second);
  await waitFor('greeting', () =>
    scene.cluster.acknowledges.some(({ messages }) =>
      messages.some(({ senderId, senderDeviceId }) => senderId === accountId && senderDeviceId === 2),
    ),
  );
  return second;
};

/** Two people with two devices each, who have written to each other. */
const fourDevices = async (scene: Scene) => {
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const [alice2, bob2] = [await secondDevice(scene, 'alice'), await secondDevice(scene, 'bobby')];
  const sent = await alice.sendText('bobby', 'hello');
  for (const each of [alice2, alice]) await waitForTexts(each, bob, ['hello']);
  for (const each of [bob2, bob]) await waitForTexts(each, alice, ['hello']);
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  await settled(scene);
  return { alice, alice2, bob, bob2, aliceId, bobId, target: { author: aliceId, id: sent.id } };
};

/** Takes an envelope out of a mailbox on all nodes; the answer puts it back. */
const withhold = async (scene: Scene, accountId: string, deviceId: number, storedId: string) => {
  const key = deviceKey({ accountId, deviceId });
  const boxes = () => scene.cluster.nodes.map(({ mailboxes }) => mailboxes.get(key));
  await waitFor('envelope', () => boxes().every((box) => box?.has(storedId)));
  const envelope = boxes()[0]!.get(storedId)!;
  for (const box of boxes()) box!.delete(storedId);
  return () => {
    scene.cluster.store(accountId, deviceId, envelope);
    scene.cluster.push(accountId, deviceId, { type: 'envelope', envelope });
  };
};

/** A device that is away while the others go on, and comes back with the same vault. */
const away = async (scene: Scene, username: string, isNew: boolean) => {
  const vault = memoryVault();
  const keeping = { ...vault, close: () => Promise.resolve() };
  const first = await (isNew
    ? scene.person(username, { vault: keeping })
    : secondDevice(scene, username, { vault: keeping }));
  await settled(scene);
  return {
    vault,
    leave: () => first[Symbol.asyncDispose](),
    come: async () => {
      const again = scene.messenger({ vault: keeping });
      await again.start();
      return again;
    },
    first,
  };
};

describe('reactions and replies', () => {
  test('a reaction is on every device; another replaces it, null takes it back', async () => {
    await using scene = await Scene.open();
    const { alice, alice2, bob, bob2, aliceId, bobId, target } = await fourDevices(scene);
    const everywhere = async (account: string, emoji: string | null): Promise<void> => {
      const looks = ({ reactions }: Message): boolean => reactions?.[account]?.emoji === emoji;
      for (const each of [alice, alice2]) await waitForOnly(each, bob, looks);
      for (const each of [bob, bob2]) await waitForOnly(each, alice, looks);
    };
    await bob.react(conversationWith(aliceId), target, '👍');
    await everywhere(bobId, '👍');
    await bob2.react(conversationWith(aliceId), target, '🎉');
    await everywhere(bobId, '🎉');
    await alice2.react(conversationWith(bobId), target, '❤️');
    await everywhere(aliceId, '❤️');
    await everywhere(bobId, '🎉');
    await bob.react(conversationWith(aliceId), target, null);
    await everywhere(bobId, null);
    await everywhere(aliceId, '❤️');
    const sends = scene.cluster.sends.length;
    await bob.react(conversationWith(aliceId), target, null);
    await settled(scene);
    expect(scene.cluster.sends).toHaveLength(sends);
  });

  test('nobody reacts to what is not there, or with what is no emoji', async () => {
    await using scene = await Scene.open();
    const { bob, aliceId, target } = await fourDevices(scene);
    const nothing = { ...target, id: mintMessageId(Date.now(), new Uint8Array(10)) };
    await expect(bob.react(conversationWith(aliceId), nothing, '👍')).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(bob.react(conversationWith(aliceId), target, 'x'.repeat(65))).rejects.toMatchObject({
      code: 'bad-text',
    });
    await expect(bob.react(conversationWith(aliceId), target, '\uFE0F')).rejects.toMatchObject({
      code: 'bad-text',
    });
    expect((await bob.messages(conversationWith(aliceId)))[0]?.reactions).toBeUndefined();
  });

  test('a reply names its message on every device', async () => {
    await using scene = await Scene.open();
    const { alice, alice2, bob, bob2, aliceId, target } = await fourDevices(scene);
    const reply = await bob.sendText(aliceId, 'hi yourself', { replyTo: target });
    expect(reply.replyTo).toEqual(target);
    for (const [each, other] of [
      [alice, bob],
      [alice2, bob],
      [bob2, alice],
    ] as const) {
      await waitForTexts(each, other, ['hello', 'hi yourself']);
      const [first, second] = await withOther(each, other);
      expect(second?.replyTo).toEqual(target);
      expect(await each.messagesByReference([second!.replyTo!])).toEqual([first]);
    }
  });

  test('a reaction waits for its message; one to a message elsewhere is dropped', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const bob = await away(scene, 'bobby', true);
    const bobId = await accountOf(bob.first);
    await bob.leave();
    const aliceId = await accountOf(alice);
    const carol = await scene.person('carol', {
      ratchet: forgingRatchet((content) =>
        content['text'] === 'forge'
          ? { v: 1, kind: 'reaction', id: content['id'], target, emoji: '💣' }
          : content,
      ),
    });
    const sent = await alice.sendText('bobby', 'to come late');
    const target = { author: aliceId, id: sent.id };
    const release = await withhold(
      scene,
      bobId,
      1,
      deriveMessageId({ accountId: aliceId, deviceId: 1 }, sent.id),
    );
    await alice.react(conversationWith(bobId), target, '👀');
    await alice.sendText('bobby', 'next');
    await carol.sendText('bobby', 'forge');
    await waitFor('reaction, text, forgery', () => scene.cluster.waiting() === 3);
    const back = await bob.come();
    await waitForTexts(back, alice, ['next']);
    await settled(scene);
    release();
    await waitForTexts(back, alice, ['to come late', 'next']);
    const [late] = await back.messages(conversationWith(aliceId));
    expect(Object.entries(late!.reactions!)).toMatchObject([[aliceId, { emoji: '👀' }]]);
    expect(await back.conversations()).toHaveLength(1);
    await settled(scene);
    expect(await bob.vault.list('annotations', { limit: 10 })).toEqual([]);
  });
});

describe('deleting', () => {
  test('for everyone: text and reactions go everywhere, only by their author', async () => {
    await using scene = await Scene.open();
    const { alice, alice2, bob, bob2, aliceId, bobId, target } = await fourDevices(scene);
    await bob.react(conversationWith(aliceId), target, '👍');
    await waitForOnly(alice2, bob, ({ reactions }) => reactions !== undefined);
    await expect(bob.deleteForEveryone(conversationWith(aliceId), target.id)).rejects.toMatchObject({
      code: 'not-found',
    });
    await alice2.deleteForEveryone(conversationWith(bobId), target.id);
    const isGone = ({ kind, text, reactions }: Message): boolean =>
      kind === 'deleted' && text === '' && reactions === undefined;
    for (const each of [alice, alice2]) await waitForOnly(each, bob, isGone);
    for (const each of [bob, bob2]) await waitForOnly(each, alice, isGone);
    expect((await conversation(bob, alice))?.preview).toMatchObject({ kind: 'deleted', text: '' });
    await expect(bob.react(conversationWith(aliceId), target, '👍')).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('for everyone: what comes after it was taken back, or from somebody else, changes nothing', async () => {
    await using scene = await Scene.open();
    let target = '';
    const forge = (content: Record<string, unknown>): unknown =>
      content['text'] === 'forge' ? { v: 1, kind: 'deletion', id: content['id'], target } : content;
    const alice = await scene.person('alice');
    const bob = await away(scene, 'bobby', true);
    const bobId = await accountOf(bob.first);
    await bob.leave();
    const aliceId = await accountOf(alice);
    const taken = await alice.sendText('bobby', 'taken back');
    const stored = deriveMessageId({ accountId: aliceId, deviceId: 1 }, taken.id);
    const release = await withhold(scene, bobId, 1, stored);
    await alice.deleteForEveryone(conversationWith(bobId), taken.id);
    const stays = await alice.sendText('bobby', 'stays');
    target = stays.id;
    const carol = await scene.person('carol', { ratchet: forgingRatchet(forge) });
    await carol.sendText('bobby', 'forge');
    const back = await bob.come();
    await waitForTexts(back, alice, ['stays']);
    await settled(scene);
    release();
    await waitForTexts(back, alice, ['', 'stays']);
    expect((await back.messages(conversationWith(aliceId))).map(({ kind }) => kind)).toEqual([
      'deleted',
      'text',
    ]);
  });

  test('for me: from all own devices, also one that has not got it yet; others keep it', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const bob = await scene.person('bobby');
    const second = await away(scene, 'bobby', false);
    await second.leave();
    const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
    const texts = ['one', 'two', 'three'];
    for (const text of texts) await alice.sendText('bobby', text);
    await waitForTexts(bob, alice, texts);
    const [one, , three] = await bob.messages(conversationWith(aliceId));
    const stored = deriveMessageId({ accountId: aliceId, deviceId: 1 }, three!.id);
    const release = await withhold(scene, bobId, 2, stored);
    const removed: string[] = [];
    bob.on('message-removed', ({ id }) => removed.push(id));
    await bob.deleteForMe(
      conversationWith(aliceId),
      [one!, three!].map(({ id }) => ({ author: aliceId, id })),
    );
    expect(removed).toEqual([one!.id, three!.id]);
    expect(await conversation(bob, alice)).toMatchObject({ unread: 1, preview: { text: 'two' } });
    await waitForTexts(bob, alice, ['two']);

    const bob2 = await second.come();
    await settled(scene);
    await waitForTexts(bob2, alice, ['two']);
    release();
    await settled(scene);
    await alice.react(conversationWith(bobId), { author: aliceId, id: three!.id }, '👍');
    await alice.sendText('bobby', 'four');
    for (const each of [bob, bob2]) await waitForTexts(each, alice, ['two', 'four']);
    await waitForTexts(alice, bob, [...texts, 'four']);
    expect(await conversation(bob2, alice)).toMatchObject({ unread: 2, preview: { text: 'four' } });
  });

  test('own messages for me: from own devices alone', async () => {
    await using scene = await Scene.open();
    const { alice, alice2, bob, bobId, target } = await fourDevices(scene);
    await alice.deleteForMe(conversationWith(bobId), [target, target]);
    await waitForTexts(alice2, bob, []);
    await waitForTexts(alice, bob, []);
    await waitForTexts(bob, alice, ['hello']);
    expect(await conversation(alice2, bob)).toMatchObject({ unread: 0, preview: null });
    await alice.sendText(bobId, 'again');
    expect(await conversation(alice, bob)).toMatchObject({ preview: { text: 'again' } });
  });
});

describe('reading', () => {
  test('what was seen is read at all devices of its author, and seen at all of its reader', async () => {
    await using scene = await Scene.open();
    const { alice, alice2, bob, bob2, aliceId, bobId } = await fourDevices(scene);
    await bob.setStanding(aliceId, 'accepted');
    await waitFor(
      'accepted there too',
      async () => (await conversation(bob2, alice))?.standing === 'accepted',
    );
    await settled(scene);
    const received = await bob.messages(conversationWith(aliceId));
    const sends = scene.cluster.sends.length;
    await bob.markRead(received);
    for (const each of [alice, alice2]) await waitForOnly(each, bob, ({ state }) => state === 'read');
    await waitForOnly(bob2, alice, ({ state }) => state === 'seen');
    expect(await conversation(bob2, alice)).toMatchObject({ unread: 0 });
    await settled(scene);
    await bob2.markRead(await bob2.messages(conversationWith(aliceId)));
    await alice.markRead(await alice.messages(conversationWith(bobId)));
    await settled(scene);
    expect(new Set(scene.cluster.sends.slice(sends).map(({ id }) => id)).size).toBe(1);
  });

  test('a receipt of somebody else changes nothing, and the plaintext one does not say read', async () => {
    await using scene = await Scene.open();
    let ids: string[] = [];
    const forge = (content: Record<string, unknown>): unknown =>
      content['text'] === 'forge' ? { v: 1, kind: 'receipt', state: 'read', ids } : content;
    const { alice, bob, bobId, aliceId, target } = await fourDevices(scene);
    ids = [target.id];
    const carol = await scene.person('carol', { ratchet: forgingRatchet(forge) });
    await carol.sendText('alice', 'forge');
    const stored = deriveMessageId({ accountId: aliceId, deviceId: 1 }, target.id);
    scene.cluster.push(aliceId, 1, {
      ...{ type: 'receipt', accountId: bobId, deviceId: 1, ids: [stored] },
    });
    await carol.sendText('alice', 'the end');
    await waitForTexts(alice, carol, ['the end']);
    expect((await withOther(alice, bob))[0]?.state).toBe('delivered');
  });

  test('receipts and news of own devices wait for their message', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const [aliceAway, bobAway] = [await away(scene, 'alice', false), await away(scene, 'bobby', false)];
    await aliceAway.leave();
    await bobAway.leave();
    const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
    const sent = await alice.sendText('bobby', 'hello');
    const stored = deriveMessageId({ accountId: aliceId, deviceId: 1 }, sent.id);
    const toAlice = await withhold(scene, aliceId, 2, stored);
    const toBob = await withhold(scene, bobId, 2, stored);
    await waitForTexts(bob, alice, ['hello']);
    await bob.setStanding(aliceId, 'accepted');
    await bob.markRead(await bob.messages(conversationWith(aliceId)));
    await waitForOnly(alice, bob, ({ state }) => state === 'read');
    const [alice2, bob2] = [await aliceAway.come(), await bobAway.come()];
    await settled(scene);
    toAlice();
    toBob();
    await waitForOnly(alice2, bob, ({ state }) => state === 'read');
    await waitForOnly(bob2, alice, ({ state }) => state === 'seen');
    expect(await conversation(bob2, alice)).toMatchObject({ unread: 0, preview: { text: 'hello' } });
  });

  test('pages go both ways, and a window lies around a message', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
    const all: Message[] = [];
    for (let count = 0; count < 20; count += 1) all.push(await alice.sendText('bobby', `text ${count}`));
    const texts = (messages: readonly Message[]): number[] =>
      messages.map(({ text }) => Number(text.slice(5)));
    const around = (index: number, limit: number) =>
      alice
        .messagesAround(conversationWith(bobId), { author: aliceId, id: all[index]!.id }, limit)
        .then(texts);
    expect(texts(await alice.messages(conversationWith(bobId), { before: all[5]!, limit: 3 }))).toEqual([
      2, 3, 4,
    ]);
    expect(texts(await alice.messages(conversationWith(bobId), { after: all[5]!, limit: 3 }))).toEqual([
      6, 7, 8,
    ]);
    expect(texts(await alice.messages(conversationWith(bobId), { after: all[5]!, before: all[8]! }))).toEqual(
      [6, 7],
    );
    expect(await around(10, 5)).toEqual([8, 9, 10, 11, 12]);
    expect(await around(0, 4)).toEqual([0, 1, 2, 3]);
    expect(await around(19, 4)).toEqual([16, 17, 18, 19]);
    expect(await around(7, 1)).toEqual([7]);
    expect(await around(7, 100)).toHaveLength(20);
    const gone = { author: bobId, id: all[3]!.id };
    expect(await alice.messagesAround(conversationWith(bobId), gone, 5)).toEqual([]);
    const references = [gone, { author: aliceId, id: all[4]!.id }];
    expect((await alice.messagesByReference(references)).map((message) => message?.text)).toEqual([
      undefined,
      'text 4',
    ]);
  });
});

describe('writing', () => {
  test('a request is answered once, however often it is made', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const requestId = mintMessageId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
    const answers = await Promise.all([1, 2, 3].map(() => alice.sendText('bobby', 'once', { requestId })));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    await waitForTexts(bob, alice, ['once']);
    await alice.sendText('bobby', 'the end');
    await waitForTexts(bob, alice, ['once', 'the end']);
    expect(await alice.sendText('bobby', 'once', { requestId })).toMatchObject({
      id: answers[0]!.id,
      text: 'once',
    });
    await expect(alice.sendText('bobby', 'x', { requestId: 'mine' })).rejects.toMatchObject({
      code: 'bad-request',
    });
  });

  test('what failed is sent again under its own id', async () => {
    await using scene = await Scene.open();
    const { alice, alice2, bob, bobId } = await fourDevices(scene);
    scene.cluster.intercept = (frame, reply) => {
      if (frame.type !== 'send') return false;
      reply({ type: 'refused', id: frame.id, error: { code: 'payload-too-large', message: 'too large' } });
      return true;
    };
    const sent = await alice.sendText('bobby', 'at last');
    const ofSent = async (messenger: Messenger, other: Messenger) =>
      (await withOther(messenger, other)).find(({ id }) => id === sent.id);
    await waitFor('failure', async () => (await ofSent(alice, bob))?.failure === 'payload-too-large');
    scene.cluster.intercept = () => false;
    const sends = scene.cluster.sends.length;
    expect(await alice.retry(conversationWith(bobId), sent.id)).toEqual(sent);
    await alice.retry(conversationWith(bobId), sent.id);
    for (const each of [alice, alice2]) await waitForTexts(each, bob, ['hello', 'at last']);
    await waitForTexts(bob, alice, ['hello', 'at last']);
    expect(await ofSent(bob, alice)).toMatchObject({ text: 'at last' });
    await waitFor('delivery', async () => (await ofSent(alice, bob))?.state === 'delivered');
    expect(await ofSent(alice, bob)).not.toHaveProperty('failure');
    expect(new Set(scene.cluster.sends.slice(sends).map(({ id }) => id)).size).toBe(1);
    await expect(
      alice.retry(conversationWith(bobId), mintMessageId(0, new Uint8Array(10))),
    ).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('a text is neither changed nor cut: spaces, broken halves, the longest one', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const texts = ['  \n spaces \t', 'half \ud83d of one', 'x'.repeat(MAX_TEXT_BYTES), '"'.repeat(34_900)];
    await secondDevice(scene, 'alice');
    for (const text of texts) await alice.sendText('bobby', text);
    await waitForTexts(bob, alice, texts);
    for (const text of ['', ' \n', '\u200B\u2060\u3164', 'x'.repeat(MAX_TEXT_BYTES + 1), '"'.repeat(35_000)])
      await expect(alice.sendText('bobby', text)).rejects.toMatchObject({ code: 'bad-text' });
    await waitForTexts(alice, bob, texts);
    expect((await conversation(alice, bob))?.preview?.text).toBe('"'.repeat(200));
  });
});

describe('what a messenger cannot read', () => {
  test('a kind that is not known is shown as such, kept, and read by a newer messenger', async () => {
    await using scene = await Scene.open();
    const forge = (content: Record<string, unknown>): unknown => {
      const inner = (content['content'] ?? content) as Record<string, unknown>;
      const forged = inner['kind'] === 'text' ? { ...inner, v: 2 } : inner;
      return 'content' in content ? { ...content, content: forged } : forged;
    };
    const alice = await scene.person('alice', { ratchet: forgingRatchet(forge) });
    const own = await away(scene, 'alice', false);
    const reader = await away(scene, 'bobby', true);
    const [aliceId, bobId] = [await accountOf(alice), await accountOf(reader.first)];
    const sent = await alice.sendText('bobby', 'from the future');
    const other = await alice.sendText('bobby', 'another');
    const kinds = async (messenger: Messenger, account: string) =>
      (await messenger.messages(conversationWith(account))).map(({ kind, text, state }) => ({
        kind,
        text,
        state,
      }));
    const unknown = { kind: 'unknown', text: '' };
    await waitFor('both', async () => (await kinds(reader.first, aliceId)).length === 2);
    await waitFor('copies', async () => (await kinds(own.first, bobId)).length === 2);
    expect(await kinds(own.first, bobId)).toMatchObject([unknown, unknown]);
    const [first, second] = await reader.first.messages(conversationWith(aliceId));
    expect([first, second]).toMatchObject([unknown, unknown]);
    await reader.first.markRead([first!]);
    await reader.first.deleteForMe(conversationWith(aliceId), [{ author: aliceId, id: second!.id }]);
    await reader.leave();
    await own.leave();

    // A newer messenger knows version 2: here, what was kept becomes version 1.
    for (const vault of [reader.vault, own.vault]) {
      for (const { key, value: stored } of await vault.list('unknownContents', { limit: 10 })) {
        const value = readRow('unknownContents', stored)!;
        const text = new TextDecoder().decode(value.plaintext).replace('"v":2', '"v":1');
        const plaintext = new TextEncoder().encode(text);
        // The mark of the padding is no UTF-8; what follows the last brace is made anew.
        const end = plaintext.lastIndexOf('}'.charCodeAt(0)) + 1;
        const padded = new Uint8Array(value.plaintext.length);
        padded.set(plaintext.subarray(0, end));
        padded[end] = 0x80;
        await vault.commit([{ table: 'unknownContents', key, value: { ...value, plaintext: padded } }]);
      }
    }
    const [back, ownBack] = [await reader.come(), await own.come()];
    await waitForTexts(back, alice, ['from the future']);
    await waitForTexts(ownBack, reader.first, ['from the future', 'another']);
    expect(await back.messages(conversationWith(aliceId))).toMatchObject([
      { id: sent.id, kind: 'text', state: 'seen' },
    ]);
    expect((await ownBack.messages(conversationWith(bobId))).map(({ id }) => id)).toEqual([
      sent.id,
      other.id,
    ]);
    expect(await conversation(back, alice)).toMatchObject({
      unread: 0,
      preview: { text: 'from the future' },
    });
    expect(await reader.vault.list('unknownContents', { limit: 10 })).toEqual([]);
  });

  test('all kinds come again, and are not counted as unreadable any more', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const bob = await away(scene, 'bobby', true);
    const bobId = await accountOf(bob.first);
    const aliceId = await accountOf(alice);
    await bob.first.sendText('alice', 'to react to');
    await waitForTexts(alice, bob.first, ['to react to']);
    const [asked] = await alice.messages(conversationWith(bobId));
    const first = await alice.sendText('bobby', 'one');
    const second = await alice.sendText('bobby', 'two');
    await waitForTexts(bob.first, alice, ['to react to', 'one', 'two']);
    await settled(scene);

    scene.cluster.corrupt = ({ accountId }, envelope) =>
      accountId === bobId ? { ...envelope, payload: 'AAAA' } : envelope;
    let unreadable = 0;
    bob.first.on('undecryptable', () => (unreadable += 1));
    scene.cluster.blocked.add(`${bobId}:1`);
    scene.cluster.sockets.get(`${bobId}:1`)!.close(1001);
    await alice.react(conversationWith(bobId), { author: bobId, id: asked!.id }, '👍');
    await alice.markRead([asked!]);
    await alice.deleteForEveryone(conversationWith(bobId), first.id);
    const third = await alice.sendText('bobby', 'three');
    await alice.sendText('bobby', 'four', { replyTo: { author: aliceId, id: second.id } });
    await alice.deleteForEveryone(conversationWith(bobId), third.id);
    await waitFor('set aside', () => unreadable === 6);
    expect(await conversation(bob.first, alice)).toMatchObject({ unreadable: 6 });
    scene.cluster.corrupt = (_, envelope) => envelope;
    scene.cluster.blocked.clear();
    await waitFor('all again', async () => (await conversation(bob.first, alice))?.unreadable === 0);
    const shown = await bob.first.messages(conversationWith(aliceId));
    expect(shown.map(({ text, kind }) => `${kind} ${text}`)).toEqual([
      'text to react to',
      'deleted ',
      'text two',
      'text four',
    ]);
    expect(shown[0]).toMatchObject({ state: 'read', reactions: { [aliceId]: { emoji: '👍' } } });
    expect(shown[3]?.replyTo).toEqual({ author: aliceId, id: second.id });
    expect(await bob.vault.list('setAside', { limit: 10 })).toEqual([]);
    await settled(scene);
  });
});

test('a message that is seen says the same of all before it, and of none after it', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  await bob.addContact('alice');
  const texts = Array.from({ length: 1_100 }, (_, index) => `text ${index}`);
  await Promise.all(texts.map((text) => alice.sendText('bobby', text)));
  await waitForTexts(bob, alice, texts);
  const received = await bob.messages(conversationWith(aliceId), { limit: 2_000 });
  await bob.markRead(received.slice(500, 510));
  await bob.markReadUpTo(received[1_049]!);
  expect(await conversation(bob, alice)).toMatchObject({ unread: 50 });
  await waitFor(
    'read',
    async () => (await alice.messages(conversationWith(bobId), { limit: 2_000 }))[1_049]?.state === 'read',
  );
  await bob.markReadUpTo(received[1_099]!);
  await bob.markReadUpTo(received[1_099]!);
  expect(await conversation(bob, alice)).toMatchObject({ unread: 0 });
  await waitFor('all read', async () =>
    (await alice.messages(conversationWith(bobId), { limit: 2_000 })).every(({ state }) => state === 'read'),
  );
});
