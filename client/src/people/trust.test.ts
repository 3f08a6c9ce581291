import { describe, expect, test } from 'vitest';
import { conversationWith, memoryVault, type Messenger } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { signalRatchet } from '../signal/signal-ratchet.ts';

const browser = () => ({ ratchet: signalRatchet() });

const digitsOf = async (messenger: Messenger, other: Messenger): Promise<string> =>
  (await messenger.safety(await accountOf(other))).digits;
const verificationOf = async (messenger: Messenger, other: Messenger): Promise<string> =>
  (await messenger.safety(await accountOf(other))).verification;
const kindsOf = async (messenger: Messenger, other: Messenger): Promise<string[]> =>
  (await messenger.messages(conversationWith(await accountOf(other)))).map(({ kind }) => kind);

/** Alice has verified Bob, who has written to her. */
const verifiedPair = async (scene: Scene, vault = memoryVault()) => {
  const alice = await scene.person('alice', { vault });
  const bob = await scene.person('bobby', browser());
  const bobId = await accountOf(bob);
  await alice.sendText('bobby', 'one');
  await waitForTexts(bob, alice, ['one']);
  await bob.sendText('alice', 'two');
  await waitForTexts(alice, bob, ['one', 'two']);
  await alice.setVerified(bobId, true, await digitsOf(alice, bob));
  return { alice, bob, bobId };
};

describe('safety numbers', () => {
  test.each([
    ['libsignal and libsignal', {}, {}],
    ['signal and libsignal', browser(), {}],
    ['signal and signal', browser(), browser()],
  ])('are the same on all sides, for %s, and stay so while devices come', async (_, left, right) => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice', left), await scene.person('bobby', right)];
    const bobId = await accountOf(bob);
    const unknown = crypto.randomUUID();
    await expect(alice.safety(unknown)).rejects.toMatchObject({ code: 'no-session' });
    await expect(alice.setVerified(unknown, true)).rejects.toMatchObject({ code: 'no-session' });
    const first = await digitsOf(alice, bob);
    expect(first).toMatch(/^\d{60}$/);
    await alice.sendText('bobby', 'one');
    await waitForTexts(bob, alice, ['one']);
    expect(await digitsOf(bob, alice)).toBe(first);

    const alice2 = await scene.device('alice', right);
    const bob2 = await scene.device('bobby', left);
    await alice2.sendText('bobby', 'two');
    await waitForTexts(bob2, alice, ['two']);
    await bob2.sendText('alice', 'three');
    await waitForTexts(alice, bob, ['one', 'two', 'three']);
    await alice.sendText('bobby', 'four');
    await bob.sendText('alice', 'five');
    for (const [reader, other] of [
      [alice2, bob],
      [bob2, alice],
    ] as const)
      await waitForTexts(reader, other, ['two', 'three', 'four', 'five']);
    const numbers = await Promise.all([
      digitsOf(alice, bob),
      digitsOf(alice2, bob),
      digitsOf(bob, alice),
      digitsOf(bob2, alice),
    ]);
    expect(new Set(numbers)).toEqual(new Set([first]));
    const wrong = first.split('').reverse().join('');
    await expect(alice.setVerified(bobId, true, wrong)).rejects.toMatchObject({ code: 'keys-changed' });
    await alice.setVerified(bobId, true, first);
    await expect(alice.safety(await accountOf(alice))).rejects.toMatchObject({ code: 'own-account' });
  });
});

describe('a verified contact', () => {
  test('who is set up anew and writes: noted, and nothing goes to the new keys until they are accepted', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId } = await verifiedPair(scene);
    expect(await verificationOf(alice, bob)).toBe('verified');
    const before = await digitsOf(alice, bob);
    const changed: string[] = [];
    alice.on('conversation', ({ verification }) => changed.push(verification));
    await bob[Symbol.asyncDispose]();
    const anew = await scene.anew('bobby');
    await anew.sendText('alice', 'it is me');
    await waitForTexts(alice, anew, ['one', 'two', 'it is me']);
    expect((await kindsOf(alice, anew)).sort()).toEqual(['keys-changed', 'text', 'text', 'text']);
    expect(await verificationOf(alice, anew)).toBe('changed');
    expect(changed.at(-1)).toBe('changed');
    expect((await alice.conversations())[0]).toMatchObject({ verification: 'changed', unread: 2 });
    expect(await digitsOf(alice, anew)).not.toBe(before);

    const shown = (await alice.messages(conversationWith(bobId))).length;
    await expect(alice.sendText('bobby', 'secret')).rejects.toMatchObject({ code: 'keys-changed' });
    expect(await alice.messages(conversationWith(bobId))).toHaveLength(shown);
    await alice.sendText('bobby', 'I dare', { despiteKeys: true });
    await waitForTexts(anew, alice, ['it is me', 'I dare']);
    expect(await verificationOf(alice, anew)).toBe('changed');
    await alice.acceptKeys(bobId);
    expect(await verificationOf(alice, anew)).toBe('none');
    await alice.sendText('bobby', 'hello again');
    await waitForTexts(anew, alice, ['it is me', 'I dare', 'hello again']);
    await alice.setVerified(bobId, true, await digitsOf(anew, alice));
    expect((await alice.conversations())[0]?.verification).toBe('verified');
    await alice.acceptKeys(bobId);
    expect(await verificationOf(alice, anew)).toBe('verified');
    await alice.setVerified(bobId, false);
    expect((await alice.conversations())[0]?.verification).toBe('none');
  });

  test('whose new keys are found while sending: the message fails, encrypted for nobody', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId } = await verifiedPair(scene);
    await bob[Symbol.asyncDispose]();
    const anew = await scene.anew('bobby');
    const { identityKey } = scene.cluster.devices.find(({ accountId }) => accountId === bobId)!.keys;
    const sends = scene.cluster.sends.length;
    for (const text of ['secret', 'another']) await alice.sendText('bobby', text);
    await waitFor(
      'failures',
      async () =>
        (await alice.messages(conversationWith(bobId))).filter(({ failure }) => failure === 'keys-changed')
          .length === 2,
    );
    const ids = (await alice.messages(conversationWith(bobId)))
      .filter(({ state }) => state === 'failed')
      .map(({ id }) => id);
    const attempts = scene.cluster.sends.slice(sends).filter(({ id }) => ids.includes(id));
    const registered = scene.cluster.devices.find(({ keys }) => keys.identityKey === identityKey)!;
    const forNewKeys = attempts.flatMap(({ recipients }) =>
      recipients
        .flatMap(({ envelopes }) => envelopes)
        .filter(({ registrationId }) => registrationId === registered.keys.registrationId),
    );
    expect(forNewKeys).toEqual([]);
    await expect(alice.sendText('bobby', 'third')).rejects.toMatchObject({ code: 'keys-changed' });
    expect(await kindsOf(alice, anew)).toContain('keys-changed');
    expect(await digitsOf(alice, anew)).toMatch(/^\d{60}$/);
    await alice.acceptKeys(bobId);
    await alice.sendText('bobby', 'hello');
    await waitForTexts(anew, alice, ['hello']);
  });

  test('with a device more stays verified, without a note; with another key it is changed, also in a conversation that was deleted meanwhile', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId } = await verifiedPair(scene);
    const bob2 = await scene.device('bobby');
    await bob2.sendText('alice', 'from another device');
    await waitForTexts(alice, bob, ['one', 'two', 'from another device']);
    await alice.sendText(bobId, 'hello, all of you');
    await waitForTexts(bob2, alice, ['from another device', 'hello, all of you']);
    expect(await verificationOf(alice, bob)).toBe('verified');
    expect(await kindsOf(alice, bob)).not.toContain('keys-changed');
    await alice.deleteConversation(conversationWith(bobId));
    for (const each of [bob, bob2]) await each[Symbol.asyncDispose]();
    const anew = await scene.anew('bobby');
    await anew.sendText('alice', 'lost both');
    await waitForTexts(alice, bob, ['lost both']);
    await waitFor('changed', async () => (await alice.conversations())[0]?.verification === 'changed');
    await expect(alice.sendText(bobId, 'secret')).rejects.toMatchObject({ code: 'keys-changed' });
  });

  test('who asks with new keys for what was sent before gets nothing again', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId } = await verifiedPair(scene);
    scene.cluster.corrupt = ({ accountId }, envelope) =>
      accountId === bobId ? { ...envelope, payload: 'AAAA' } : envelope;
    await bob[Symbol.asyncDispose]();
    await alice.sendText('bobby', 'secret');
    const secret = async () =>
      (await alice.messages(conversationWith(bobId))).find(({ text }) => text === 'secret');
    await waitFor('stored', async () => (await secret())?.state === 'accepted');
    scene.cluster.corrupt = (_, envelope) => envelope;
    const anew = await scene.anew('bobby', browser());
    await waitFor('changed', async () => (await verificationOf(alice, anew)) === 'changed');
    await waitFor('quiet', () => scene.cluster.waiting() === 0);
    await anew.sendText('alice', 'please');
    await waitForTexts(alice, anew, ['one', 'two', 'secret', 'please']);
    await waitForTexts(anew, alice, ['please']);
    expect((await secret())?.state).toBe('accepted');
  });
});

test('an unverified contact who is set up anew is noted, and written to all the same', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice', browser()), await scene.person('bobby')];
  await alice.sendText('bobby', 'one');
  await waitForTexts(bob, alice, ['one']);
  await bob[Symbol.asyncDispose]();
  const anew = await scene.anew('bobby');
  await alice.sendText('bobby', 'two');
  await waitForTexts(anew, alice, ['two']);
  expect((await kindsOf(alice, anew)).filter((kind) => kind === 'keys-changed')).toHaveLength(1);
  expect(await verificationOf(alice, anew)).toBe('none');
  expect((await alice.conversations())[0]).toMatchObject({ unread: 0 });
});
