import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '@restante/protocol';
import type { Message, Messenger } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { conversationWith } from '../vault/conversation-id.ts';

/** What is queued ends only when it is accepted, or when nobody can ever get it; then it is told. */

const friends = async (scene: Scene) => {
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const faults: string[] = [];
  alice.on('fault', (fault) => faults.push('code' in fault ? String(fault.code) : fault.message));
  const sent = await alice.sendText('bobby', 'one');
  await waitForTexts(bob, alice, ['one']);
  await waitFor('delivered', async () => (await onlyFrom(alice, bob))?.state === 'delivered');
  return { alice, bob, sent, faults, bobId: await accountOf(bob) };
};

const onlyFrom = async (alice: Messenger, bob: Messenger): Promise<Message | undefined> =>
  (await alice.messages(conversationWith(await accountOf(bob)))).at(-1);

/** The next so many sends are refused. */
const refuseNext = (scene: Scene, count: number, code: ErrorCode): { readonly left: () => number } => {
  let left = count;
  scene.cluster.intercept = (frame, reply) => {
    if (frame.type !== 'send' || left === 0) return false;
    left -= 1;
    reply({ type: 'refused', id: frame.id, error: { code, message: code } });
    return true;
  };
  return { left: () => left };
};

describe('what there is no room for', () => {
  test('waits until its reader has taken something, holds up nobody else, and is told of', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId } = await friends(scene);
    const carol = await scene.person('carol');
    const carolId = await accountOf(carol);
    const told: (string | null)[] = [];
    alice.on('held-up', ({ conversation, code }) => {
      expect(conversation).toBe(conversationWith(bobId));
      told.push(code);
    });
    let isFull = true;
    let tries = 0;
    scene.cluster.intercept = (frame, reply) => {
      if (frame.type !== 'send' || !isFull) return false;
      if (!frame.recipients.some(({ accountId }) => accountId === bobId)) return false;
      tries += 1;
      const error = { code: 'sender-share-full', message: 'full', retryAfterMs: 3_600_000 } as const;
      reply({ type: 'refused', id: frame.id, error });
      return true;
    };
    await alice.sendText('bobby', 'two');
    await alice.sendText('bobby', 'three');
    await waitFor('told', () => told.length > 0);
    await alice.sendText('carol', 'meanwhile');
    await waitForTexts(carol, alice, ['meanwhile']);
    expect((await alice.messages(conversationWith(bobId))).map(({ state }) => state)).toEqual([
      'delivered',
      'queued',
      'queued',
    ]);
    // One of those that wait asks for all.
    expect(tries).toBeLessThanOrEqual(2);
    isFull = false;
    const aliceId = await accountOf(alice);
    // A receipt of somebody else says nothing of room there.
    scene.cluster.push(aliceId, 1, { type: 'receipt', accountId: carolId, deviceId: 1, ids: [] as never });
    scene.cluster.push(aliceId, 1, { type: 'receipt', accountId: bobId, deviceId: 1, ids: [] as never });
    await waitForTexts(bob, alice, ['one', 'two', 'three']);
    await waitFor('told again', () => told.at(-1) === null);
    expect(new Set(told.slice(0, -1))).toEqual(new Set(['sender-share-full']));
  });
});

describe('what is not found', () => {
  test('ends nothing: neither a text nor a deletion, whoever says so', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId, sent } = await friends(scene);
    const bob2 = await scene.device('bobby');
    scene.cluster.hiddenKeys = 3;
    await alice.sendText('bobby', 'two');
    await waitForTexts(bob2, alice, ['two']);
    await waitForTexts(bob, alice, ['one', 'two']);

    const refused = refuseNext(scene, 8, 'not-found');
    await alice.deleteForEveryone(conversationWith(bobId), sent.id);
    await waitFor('the deletion', async () => {
      const [first] = await bob.messages(conversationWith(await accountOf(alice)));
      return first?.kind === 'deleted';
    });
    expect(refused.left()).toBe(0);
    expect(
      (await alice.messages(conversationWith(bobId))).every(({ failure }) => failure === undefined),
    ).toBe(true);
  });

  test('ends a text, and tells of a deletion, once there is a record that the account has ended', async () => {
    await using scene = await Scene.open();
    const { alice, bobId, sent, faults } = await friends(scene);
    refuseNext(scene, Infinity, 'not-found');
    await alice.sendText(bobId, 'is anyone there?');
    await alice.deleteForEveryone(conversationWith(bobId), sent.id);
    await waitFor('sends', () => scene.cluster.sends.length > 4);
    expect((await alice.messages(conversationWith(bobId))).at(-1)?.state).toBe('queued');

    scene.cluster.removedAccounts.add(bobId);
    await waitFor('both to be told', async () => {
      const [first, second] = await alice.messages(conversationWith(bobId));
      return first?.failure === 'not-found' && second?.failure === 'not-found';
    });
    const [first, second] = await alice.messages(conversationWith(bobId));
    expect([first?.kind, second?.state]).toEqual(['deleted', 'failed']);
    expect(faults).toEqual(['not-found']);
  });
});

test('what was done to messages of somebody who has ended holds on the own devices all the same', async () => {
  await using scene = await Scene.open();
  const { alice, bob, bobId } = await friends(scene);
  const alice2 = await scene.device('alice');
  await bob.sendText(await accountOf(alice), 'two');
  for (const each of [alice, alice2])
    await waitForTexts(each, bob, ['one', 'two'].slice(each === alice ? 0 : 1));
  const received = (await onlyFrom(alice, bob))!;
  const conversation = conversationWith(bobId);
  await alice.sendText(bobId, 'three');
  await waitForTexts(alice2, bob, ['two', 'three']);
  const last = (await onlyFrom(alice, bob))!;

  scene.cluster.intercept = (frame, reply) => {
    if (frame.type !== 'send' || !frame.recipients.some(({ accountId }) => accountId === bobId)) return false;
    reply({ type: 'refused', id: frame.id, error: { code: 'not-found', message: 'not-found' } });
    return true;
  };
  scene.cluster.removedAccounts.add(bobId);
  await alice.react(conversation, { author: bobId, id: received.id }, '👍');
  await alice.markRead([received]);
  await alice.deleteForEveryone(conversation, last.id);
  await waitFor('all of it on the other device', async () => {
    const [second, third] = await alice2.messages(conversation);
    const emoji = second?.reactions?.[await accountOf(alice)]?.emoji;
    return emoji === '👍' && second?.state === 'seen' && third?.kind === 'deleted';
  });
});

describe('an edit that cannot be sent', () => {
  test('is told at its text, holds on the own devices, and is tried again as the same one', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId, sent } = await friends(scene);
    const alice2 = await scene.device('alice');
    const conversation = conversationWith(bobId);
    const second = await alice.sendText(bobId, 'two');
    await waitForTexts(alice2, bob, ['two']);
    await waitFor('all of it', () => scene.cluster.waiting() === 0);
    const failing = (isFailing: boolean): void => {
      scene.cluster.intercept = (frame, reply) => {
        if (!isFailing || frame.type !== 'send') return false;
        if (!frame.recipients.some(({ accountId }) => accountId === bobId)) return false;
        const error = { code: 'payload-too-large', message: 'too large' } as const;
        reply({ type: 'refused', id: frame.id, error });
        return true;
      };
    };
    failing(true);
    await alice.editText(conversation, second.id, 'second');
    await waitFor('failure', async () => (await onlyFrom(alice, bob))?.edited?.failure !== undefined);
    const failed = (await onlyFrom(alice, bob))!;
    expect(failed).toMatchObject({ text: 'second', edited: { failure: 'payload-too-large' } });
    expect(failed).not.toHaveProperty('failure');
    await waitForTexts(alice2, bob, ['second']);
    await waitForTexts(bob, alice, ['one', 'two']);

    failing(false);
    expect((await alice.retry(conversation, second.id)).edited).not.toHaveProperty('failure');
    await alice.retry(conversation, second.id);
    await waitForTexts(bob, alice, ['one', 'second']);
    const { id } = failed.edited!;
    for (const shown of [
      await bob.messages(conversationWith(await accountOf(alice))),
      await alice2.messages(conversation),
      await alice.messages(conversation),
    ])
      expect(shown.at(-1)?.edited).toEqual({ id, former: [{ id: second.id, text: 'two' }] });

    // Another one says nothing of the one before it.
    failing(true);
    await alice.editText(conversation, sent.id, 'first');
    await waitFor('failure', async () => {
      const [first] = await alice.messages(conversation);
      return first?.edited?.failure !== undefined;
    });
    failing(false);
    await alice.editText(conversation, sent.id, '1st');
    await waitForTexts(bob, alice, ['1st', 'second']);
    expect((await alice.messages(conversation))[0]?.edited).not.toHaveProperty('failure');
  });

  test('goes again with its text, when both have failed; a text that has failed is not edited', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId } = await friends(scene);
    const conversation = conversationWith(bobId);
    alice.stop();
    const second = await alice.sendText(bobId, 'two');
    await alice.editText(conversation, second.id, 'second');
    const refused = refuseNext(scene, Infinity, 'payload-too-large');
    await alice.start();
    await waitFor('both failures', async () => {
      const message = await onlyFrom(alice, bob);
      return message?.state === 'failed' && message.edited?.failure !== undefined;
    });
    expect(refused.left()).toBe(Infinity);
    await expect(alice.editText(conversation, second.id, 'third')).rejects.toMatchObject({
      code: 'not-editable',
    });
    scene.cluster.intercept = () => false;
    await alice.retry(conversation, second.id);
    await waitForTexts(bob, alice, ['one', 'second']);
    await waitFor('delivery', async () => (await onlyFrom(alice, bob))?.state === 'delivered');
    expect((await onlyFrom(alice, bob))?.edited).toEqual((await onlyFrom(bob, alice))?.edited);
  });
});

describe('refusals are counted by kind', () => {
  test('devices that have changed are seen after any number of other refusals', async () => {
    await using scene = await Scene.open();
    const { alice, bob } = await friends(scene);
    const refused = refuseNext(scene, 8, 'unavailable');
    await alice.sendText('bobby', 'two');
    await waitFor('some refusals', () => refused.left() < 5);
    const bob2 = await scene.device('bobby');
    await waitForTexts(bob2, alice, ['two']);
    await waitForTexts(bob, alice, ['one', 'two']);
  });

  test('repairing goes on for as long as the devices do not fit', async () => {
    await using scene = await Scene.open();
    const { alice, bob } = await friends(scene);
    const bob2 = await scene.device('bobby');
    scene.cluster.hiddenKeys = 12;
    await alice.sendText('bobby', 'two');
    await waitForTexts(bob2, alice, ['two']);
    await waitForTexts(bob, alice, ['one', 'two']);
    expect(scene.cluster.hiddenKeys).toBe(0);
  });

  test('a text that its reader has is delivered, and no node is said to have it before one says so', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId } = await friends(scene);
    const refused = refuseNext(scene, Infinity, 'unavailable');
    await alice.sendText(bobId, 'two');
    await waitFor('a refusal', () => scene.cluster.sends.length > 1);
    const { id, recipients } = scene.cluster.sends.at(-1)!;
    const [envelope] = recipients[0]!.envelopes;
    const message = (await alice.messages(conversationWith(bobId))).at(-1)!;
    expect(message.copies).toBe(undefined);
    scene.cluster.deliver(await accountOf(alice), 1, { accountId: bobId, deviceId: 1 }, id, envelope!);
    await waitForTexts(bob, alice, ['one', 'two']);
    await waitFor('the receipt', async () => (await onlyFrom(alice, bob))?.state === 'delivered');
    expect(await onlyFrom(alice, bob)).toMatchObject({ state: 'delivered' });
    expect((await onlyFrom(alice, bob))?.copies).toBe(undefined);
    expect(refused.left()).toBe(Infinity);
  });
});

describe('the time of a message', () => {
  const DAY_MS = 24 * 60 * 60 * 1000;

  test('that is over by a master alone ends nothing; that is over by this machine too ends it', async () => {
    await using scene = await Scene.open();
    const bob = await scene.person('bobby');
    let aheadMs = 0;
    const alice = await scene.person('alice', { now: () => Date.now() + aheadMs });
    const bobId = await accountOf(bob);
    const refused = refuseNext(scene, 3, 'message-expired');
    await alice.sendText(bobId, 'one');
    await waitForTexts(bob, alice, ['one']);
    expect(refused.left()).toBe(0);

    refuseNext(scene, Infinity, 'message-expired');
    const sends = scene.cluster.sends.length;
    await alice.sendText(bobId, 'two');
    await waitFor('a refusal', () => scene.cluster.sends.length > sends);
    scene.cluster.clockOffsetMs = aheadMs = 31 * DAY_MS;
    await waitFor('the failure', async () => (await onlyFrom(alice, bob))?.failure === 'message-expired');
  });

  test('that one master took and another refuses makes no second message, and tells of no outdated vault', async () => {
    await using scene = await Scene.open();
    const { alice, bob, bobId, faults } = await friends(scene);
    const aliceId = await accountOf(alice);
    let refusals = 2;
    scene.cluster.intercept = (frame, reply) => {
      if (frame.type !== 'send' || refusals === 0) return false;
      refusals -= 1;
      const [envelope] = frame.recipients[0]!.envelopes;
      scene.cluster.deliver(aliceId, 1, { accountId: bobId, deviceId: 1 }, frame.id, envelope!);
      reply({ type: 'refused', id: frame.id, error: { code: 'clock-skew', message: 'in the future' } });
      return true;
    };
    bob.stop();
    await alice.sendText(bobId, 'two');
    await waitFor('acceptance', async () => (await onlyFrom(alice, bob))?.state === 'accepted');
    await bob.start();
    await waitFor('delivery', async () => (await onlyFrom(alice, bob))?.state === 'delivered');
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
    await waitForTexts(bob, alice, ['one', 'two']);
    expect(faults).toEqual([]);
    const sent = scene.cluster.sends.filter(({ recipients }) => recipients[0]?.accountId === bobId);
    expect(new Set(sent.slice(1).map(({ id }) => id)).size).toBe(3);
  });
});
