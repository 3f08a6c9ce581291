import { deriveMessageId, mintMessageId } from '@restante/protocol';
import { describe, expect, test } from 'vitest';
import { conversationWith, MAX_TEXT_BYTES, memoryVault, type Message, type Messenger } from '../index.ts';
import { forgingRatchet } from '../node/testing/forging-ratchet.ts';
import { accountOf, live, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { readRow } from '../vault/rows.ts';

const HOUR_MS = 60 * 60 * 1000;

const settled = (scene: Scene): Promise<void> => waitFor('nothing left', () => scene.cluster.waiting() === 0);

const withOther = async (messenger: Messenger, other: Messenger): Promise<Message[]> =>
  messenger.messages(conversationWith(await accountOf(other)));

/** What a text said before, the oldest words first. */
const former = ({ edited }: Message): string[] | undefined => edited?.former.map(({ text }) => text);

/** Alice has written to Bob, who has let her in. */
const friends = async (scene: Scene, text = 'hello') => {
  const aliceVault = memoryVault();
  const bobVault = memoryVault();
  const keeping = (vault: typeof bobVault) => ({ ...vault, close: () => Promise.resolve() });
  const alice = await scene.person('alice', { vault: keeping(aliceVault) });
  const bob = await scene.person('bobby', { vault: keeping(bobVault) });
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  const sent = await alice.sendText('bobby', text);
  await waitForTexts(bob, alice, [text]);
  await bob.setStanding(aliceId, 'accepted');
  await settled(scene);
  const comeBack = async (): Promise<Messenger> => {
    const again = scene.messenger({ vault: keeping(bobVault) });
    await again.start();
    return again;
  };
  return { alice, bob, aliceId, bobId, sent, bobVault, comeBack, withBob: conversationWith(bobId) };
};

describe('an edit', () => {
  test('is on every device, with what was said before; the newest stands', async () => {
    await using scene = await Scene.open();
    const { alice, bob, aliceId, sent, withBob } = await friends(scene);
    const [alice2, bob2] = [await scene.device('alice'), await scene.device('bobby')];
    const second = await alice.sendText(withBob, 'how are yuo?');
    for (const each of [alice2, bob2])
      await waitForTexts(each, each === bob2 ? alice : bob, ['how are yuo?']);
    const answer = await alice.editText(withBob, second.id, 'how are you?');
    expect(answer).toMatchObject({ id: second.id, text: 'how are you?' });
    await waitForTexts(alice2, bob, ['how are you?']);
    await alice2.editText(withBob, second.id, 'How are you?');
    for (const each of [alice2, bob2])
      await waitForTexts(each, each === bob2 ? alice : bob, ['How are you?']);
    for (const each of [alice, bob])
      await waitForTexts(each, each === bob ? alice : bob, ['hello', 'How are you?']);
    const all = [
      ...[alice, alice2].map((each) => withOther(each, bob)),
      ...[bob, bob2].map((each) => withOther(each, alice)),
    ];
    const shown = (await Promise.all(all)).map((rows) => rows.at(-1)!);
    for (const message of shown) expect(former(message)).toEqual(['how are yuo?', 'how are you?']);
    expect(new Set(shown.map(({ edited }) => JSON.stringify(edited))).size).toBe(1);
    const [of] = await bob.conversations();
    expect(of).toMatchObject({ id: aliceId, preview: { id: second.id, text: 'How are you?' } });
    expect((await withOther(bob, alice))[0]).not.toHaveProperty('edited');
    expect(sent).not.toHaveProperty('edited');
  });

  test('is no new message: nothing is unread again, and it is found by its new words alone', async () => {
    await using scene = await Scene.open();
    const { alice, bob, aliceId, sent, withBob } = await friends(scene, 'first words');
    await bob.markRead(await withOther(bob, alice));
    await waitFor('read', async () => (await withOther(alice, bob))[0]?.state === 'read');
    const [came, changed]: [string[], string[]] = [[], []];
    bob.on('message', ({ text }) => came.push(text));
    bob.on('message-changed', ({ text }) => changed.push(text));
    await bob.sendText(aliceId, 'answer', { replyTo: { author: aliceId, id: sent.id } });
    await alice.editText(withBob, sent.id, 'other ones');
    await waitForTexts(bob, alice, ['other ones', 'answer']);
    await settled(scene);
    expect([came, changed.filter((text) => text !== 'answer')]).toEqual([['answer'], ['other ones']]);
    const [row] = await bob.conversations();
    expect(row).toMatchObject({ unread: 0, preview: { text: 'answer' } });
    expect((await withOther(bob, alice))[0]).toMatchObject({ state: 'seen' });
    expect((await withOther(alice, bob))[0]).toMatchObject({ state: 'read' });
    expect(await bob.search('first')).toEqual([]);
    expect((await bob.search('ones')).map(({ id }) => id)).toEqual([sent.id]);
    const [quoted] = await bob.messagesByReference([{ author: aliceId, id: sent.id }]);
    expect(quoted?.text).toBe('other ones');
    const exported = JSON.parse(await (await bob.exportData()).text()) as { messages: Message[] };
    expect(exported.messages[0]).toMatchObject({
      text: 'other ones',
      edited: { former: [{ id: sent.id, text: 'first words' }] },
    });
  });

  test('lets nobody in who has been blocked since', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId, sent, withBob } = await friends(scene);
    await alice.setStanding(bobId, 'blocked');
    await alice.editText(withBob, sent.id, 'good bye');
    await waitForTexts(bob, alice, ['good bye']);
    expect((await alice.conversations())[0]).toMatchObject({ standing: 'blocked' });
  });

  test('that says the same goes to nobody', async () => {
    await using scene = await Scene.open();
    const { alice, sent, withBob } = await friends(scene);
    const sends = scene.cluster.sends.length;
    await alice.editText(withBob, sent.id, 'hello');
    await alice.sendText(withBob, 'next');
    await waitFor('a send', () => scene.cluster.sends.length > sends);
    await settled(scene);
    const said = scene.cluster.sends.slice(sends).map(({ id }) => id);
    expect(new Set(said).size).toBe(1);
  });

  test('of what is still on its way goes out behind it', async () => {
    await using scene = await Scene.open();
    const { alice, bob, sent, withBob } = await friends(scene);
    alice.stop();
    const later = await alice.sendText(withBob, 'draft');
    await alice.editText(withBob, later.id, 'fair copy');
    await alice.editText(withBob, sent.id, 'good day');
    expect((await withOther(alice, bob)).at(-1)).toMatchObject({ state: 'queued', text: 'fair copy' });
    await alice.start();
    await waitForTexts(bob, alice, ['good day', 'fair copy']);
    expect((await withOther(bob, alice)).map(former)).toEqual([['hello'], ['draft']]);
    await waitFor('delivery', async () => (await withOther(alice, bob)).at(-1)?.state === 'delivered');
    expect((await withOther(alice, bob)).map(({ text }) => text)).toEqual(['good day', 'fair copy']);
  });

  test('waits for its text, and ends with it', async () => {
    await using scene = await Scene.open();
    const { alice, bob, aliceId, bobId, bobVault, comeBack, withBob } = await friends(scene);
    await bob[Symbol.asyncDispose]();
    const one = await alice.sendText(withBob, 'one');
    const two = await alice.sendText(withBob, 'two');
    const boxes = () => scene.cluster.nodes.map(({ mailboxes }) => mailboxes.get(`${bobId}:1`)!);
    const withheld = [];
    for (const { id } of [one, two]) {
      const stored = deriveMessageId({ accountId: aliceId, deviceId: 1 }, id);
      await waitFor('envelope', () => boxes().every((box) => box.has(stored)));
      withheld.push(boxes()[0]!.get(stored)!);
      for (const box of boxes()) box.delete(stored);
    }
    await alice.editText(withBob, one.id, 'the first');
    await alice.editText(withBob, two.id, 'the secret');
    await alice.deleteForEveryone(withBob, two.id);
    await alice.sendText(withBob, 'three');
    await waitFor('all of it', () => boxes().every((box) => box.size === 4));
    const back = await comeBack();
    await waitForTexts(back, alice, ['hello', 'three']);
    await settled(scene);
    for (const envelope of withheld) {
      scene.cluster.store(bobId, 1, envelope);
      scene.cluster.push(bobId, 1, { type: 'envelope', envelope });
    }
    await waitForTexts(back, alice, ['hello', 'the first', '', 'three']);
    expect((await withOther(back, alice)).map(former)).toEqual([undefined, ['one'], undefined, undefined]);
    expect((await back.conversations())[0]).toMatchObject({ unread: 4 });
    expect(await bobVault.list('annotations', { limit: 10 })).toEqual([]);
  });

  test('that could not be read comes again, as does its text; of what was taken back meanwhile it does not', async () => {
    await using scene = await Scene.open();
    const { alice, bob, aliceId, bobId, sent, bobVault, withBob } = await friends(scene);
    scene.cluster.corrupt = ({ accountId }, envelope) =>
      accountId === bobId ? { ...envelope, payload: 'AAAA' } : envelope;
    let unreadable = 0;
    bob.on('undecryptable', () => (unreadable += 1));
    scene.cluster.blocked.add(`${bobId}:1`);
    scene.cluster.sockets.get(`${bobId}:1`)!.close(1001);
    await alice.editText(withBob, sent.id, 'good day');
    const next = await alice.sendText(withBob, 'next');
    await alice.editText(withBob, next.id, 'and next');
    const taken = await alice.sendText(withBob, 'a slip');
    await alice.editText(withBob, taken.id, 'a secret');
    await alice.deleteForEveryone(withBob, taken.id);
    await waitFor('set aside', () => unreadable === 6);
    scene.cluster.corrupt = (_, envelope) => envelope;
    scene.cluster.blocked.clear();
    await waitFor('all again', async () => (await bob.conversations())[0]?.unreadable === 0);
    const shown = await withOther(bob, alice);
    expect(shown.map(({ text }) => text)).toEqual(['good day', 'and next']);
    expect(shown.map(former)).toEqual([['hello'], ['next']]);
    expect((await withOther(alice, bob)).map(former)).toEqual([['hello'], ['next'], undefined]);
    await settled(scene);
    const waiting = (await bobVault.list('annotations', { limit: 10 })).map(({ value }) =>
      readRow('annotations', value),
    );
    expect(waiting).toEqual([{ [conversationWith(aliceId)]: { deleted: true } }]);
  });

  test('reaches a new own device with its text', async () => {
    await using scene = await Scene.open();
    const { alice, bob, sent, withBob } = await friends(scene);
    const alice2 = await scene.waiting('alice');
    await alice.editText(withBob, sent.id, 'of before it was there');
    const next = await alice.sendText(withBob, 'next');
    await alice.editText(withBob, next.id, 'and next');
    await waitForTexts(bob, alice, ['of before it was there', 'and next']);
    await scene.letIn('alice', alice2);
    await waitForTexts(alice2, bob, ['and next']);
    expect((await withOther(alice2, bob)).map(former)).toEqual([['next']]);
  });

  test('that an older messenger did not know is applied by a newer one', async () => {
    await using scene = await Scene.open();
    const bobVault = memoryVault();
    const keeping = { ...bobVault, close: () => Promise.resolve() };
    const forge = (content: Record<string, unknown>): unknown =>
      content['kind'] === 'edit' ? { ...content, kind: 'hologram' } : content;
    const alice = await scene.person('alice', { ratchet: forgingRatchet(forge) });
    const bob = await scene.person('bobby', { vault: keeping });
    const withBob = conversationWith(await accountOf(bob));
    const sent = await alice.sendText('bobby', 'hello');
    await alice.editText(withBob, sent.id, 'good day');
    await waitForTexts(bob, alice, ['hello', '']);
    expect((await withOther(bob, alice)).map(({ kind }) => kind)).toEqual(['text', 'unknown']);
    await settled(scene);
    await bob[Symbol.asyncDispose]();
    for (const { key, value: stored } of await bobVault.list('unknownContents', { limit: 10 })) {
      const value = readRow('unknownContents', stored)!;
      // The padding is no text, and of the same length then.
      const plaintext = Buffer.from(value.plaintext);
      const at = plaintext.indexOf('"hologram"');
      plaintext.write('"edit"    ', at);
      const row = { ...value, plaintext: new Uint8Array(plaintext) };
      await bobVault.commit([{ table: 'unknownContents', key, value: row }]);
    }
    const back = scene.messenger({ vault: keeping });
    await back.start();
    await waitForTexts(back, alice, ['good day']);
    expect((await withOther(back, alice)).map(former)).toEqual([['hello']]);
    expect((await back.conversations())[0]).toMatchObject({ unread: 1, preview: { text: 'good day' } });
  });
});

describe('nobody', () => {
  test('edits what is not theirs or not there, or says nothing or too much by it', async () => {
    await using scene = await Scene.open();
    const { alice, bob, aliceId, sent, withBob } = await friends(scene);
    const refused = (messenger: Messenger, id: string, text: string, code: string): Promise<void> =>
      expect(
        messenger.editText(messenger === bob ? conversationWith(aliceId) : withBob, id, text),
      ).rejects.toMatchObject({ code });
    await refused(bob, sent.id, 'mine', 'not-found');
    await refused(alice, mintMessageId(Date.now(), new Uint8Array(10)), 'x', 'not-found');
    await refused(alice, sent.id, ' \u200B', 'bad-text');
    await refused(alice, sent.id, 'x'.repeat(MAX_TEXT_BYTES + 1), 'bad-text');
    await refused(alice, sent.id, '"'.repeat(35_000), 'bad-text');
    expect((await withOther(alice, bob))[0]).toMatchObject({ text: 'hello' });
    await alice.deleteForEveryone(withBob, sent.id);
    await refused(alice, sent.id, 'again', 'not-found');
  });

  test('edits after a day, whatever they send', async () => {
    await using scene = await Scene.open();
    const bob = await scene.person('bobby');
    let aheadMs = 0;
    let target = '';
    const forge = (content: Record<string, unknown>): unknown =>
      content['text'] === 'forge' ? { ...content, kind: 'edit', target, text: 'forged' } : content;
    const alice = await scene.person('alice', {
      now: () => Date.now() + aheadMs,
      ratchet: forgingRatchet(forge),
    });
    const withBob = conversationWith(await accountOf(bob));
    ({ id: target } = await alice.sendText('bobby', 'hello'));
    await waitForTexts(bob, alice, ['hello']);
    const at = (hours: number): void => {
      scene.cluster.clockOffsetMs = aheadMs = hours * HOUR_MS;
      scene.cluster.dropSockets();
    };
    at(23.9);
    await live(alice);
    await alice.editText(withBob, target, 'just in time');
    await waitForTexts(bob, alice, ['just in time']);
    at(25);
    await live(alice);
    await expect(alice.editText(withBob, target, 'too late')).rejects.toMatchObject({ code: 'not-editable' });
    await alice.sendText(withBob, 'forge');
    await alice.sendText(withBob, 'the end');
    await waitForTexts(bob, alice, ['just in time', 'the end']);
    expect((await withOther(alice, bob))[0]).toMatchObject({ text: 'just in time' });
  });

  test('edits the text of somebody else by what they send', async () => {
    await using scene = await Scene.open();
    const { alice, bob, sent } = await friends(scene);
    const forge = (content: Record<string, unknown>): unknown =>
      content['text'] === 'forge'
        ? { v: 1, kind: 'edit', id: content['id'], target: sent.id, text: 'forged' }
        : content;
    const carol = await scene.person('carol', { ratchet: forgingRatchet(forge) });
    for (const name of ['bobby', 'alice']) {
      await carol.sendText(name, 'forge');
      await carol.sendText(name, 'the end');
    }
    for (const each of [alice, bob]) await waitForTexts(each, carol, ['the end']);
    for (const [each, other] of [
      [alice, bob],
      [bob, alice],
    ] as const)
      expect((await withOther(each, other))[0]).not.toHaveProperty('edited');
  });
});
