import { conversationWith, type Message } from '@restante/client';
import { forgingRatchet } from '@restante/client/forging-ratchet';
import { deriveMessageId, mintMessageId } from '@restante/protocol';
import { startTestCluster, type Person, type TestCluster } from '@restante/testkit/cluster';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A person who was let in, and whose messenger says what they like: whatever can be said in a session that is theirs. */

type Content = Readonly<Record<string, unknown>>;

let cluster: TestCluster;
let alice: Person;
let bob: Person;
let mallory: Person;
const toSay: Content[] = [];
beforeAll(async () => {
  cluster = await startTestCluster();
  alice = await cluster.person('alice');
  bob = await cluster.person('bob');
  mallory = await cluster.person('mallory', undefined, {
    ratchet: forgingRatchet((content) => toSay.shift() ?? content),
  });
  await Promise.all([alice, bob, mallory].map((person) => person.enterLive()));
  await alice.sendAccepted(bob, 'of alice');
  await bob.seesLast(alice, 'of alice');
  await bob.sendAccepted(alice, 'of bob');
  await alice.seesLast(bob, 'of bob');
  await mallory.sendAccepted(bob, 'let me in');
  await bob.seesLast(mallory, 'let me in');
  await bob.sendAccepted(mallory, 'you are in');
  await mallory.seesLast(bob, 'you are in');
});
afterAll(() => cluster[Symbol.asyncDispose]());

const rows = (person: Person, other: Person): Promise<readonly Message[]> =>
  person.messenger().messages(conversationWith(other.address.accountId), { limit: 100 });
const newId = (timeMs = Date.now()): string => mintMessageId(timeMs, randomBytes(10));

/** Has mallory say these to bob, and waits until a text behind them has come. */
const say = async (...contents: readonly Content[]): Promise<void> => {
  for (const content of contents) {
    toSay.push(content);
    await mallory.sendAccepted(bob, 'what the messenger wanted to say');
  }
  const last = `behind them ${newId()}`;
  await mallory.sendAccepted(bob, last);
  await bob.seesLast(mallory, last);
};

describe('a person who was let in', () => {
  it('changes nothing in a conversation of others, whatever they say', async () => {
    const [before, beforeAtAlice] = [await rows(bob, alice), await rows(alice, bob)];
    const [ofAlice, ofBob] = before.map(({ id }) => id) as [string, string];
    const author = alice.address.accountId;
    const self = bob.address.accountId;
    await say(
      { v: 1, kind: 'deletion', id: newId(), target: ofBob },
      { v: 1, kind: 'reaction', id: newId(), target: { author, id: ofAlice }, emoji: '👎' },
      { v: 1, kind: 'receipt', state: 'read', ids: [ofBob, ofAlice] },
      { v: 1, kind: 'text', id: ofAlice, from: alice.username, text: 'in the name of alice' },
      {
        ...{ v: 1, kind: 'sent', to: author },
        content: { v: 1, kind: 'text', id: newId(), from: bob.username, text: 'send money' },
      },
      { v: 1, kind: 'sent', to: author, content: { v: 1, kind: 'deletion', id: newId(), target: ofBob } },
      {
        v: 1,
        kind: 'sync',
        change: {
          type: 'hidden',
          messages: [
            { author, id: ofAlice },
            { author: self, id: ofBob },
          ],
        },
      },
      { v: 1, kind: 'sync', change: { type: 'standing', accountId: author, standing: 'blocked' } },
      { v: 1, kind: 'sync', change: { type: 'introduction', deviceId: 9, since: 0 } },
      {
        ...{ v: 1, kind: 'session-renewal', deviceId: mallory.address.deviceId },
        ids: [deriveMessageId(bob.address, ofBob), deriveMessageId(alice.address, ofAlice)],
      },
      { v: 99, kind: 'text', text: 'of a version to come' },
    );
    const state = ({ id, kind, text, reactions, direction }: Message) => ({
      id,
      kind,
      text,
      reactions,
      direction,
    });
    expect((await rows(bob, alice)).map(state)).toEqual(before.map(state));
    const [, readByNobody] = await rows(bob, alice);
    expect(readByNobody?.state).not.toBe('read');
    const known = await bob.messenger().conversations();
    expect(known.find(({ id }) => id === conversationWith(author))?.standing).toBe('accepted');
    // What they claim to be somebody else's stands in their own conversation, as theirs; then they take that back.
    const claimed = (await rows(bob, mallory)).filter(({ text }) => text === 'in the name of alice');
    expect(claimed.map(({ direction }) => direction)).toEqual(['in']);
    await say({ v: 1, kind: 'deletion', id: newId(), target: ofAlice });
    expect((await rows(bob, mallory)).filter(({ id }) => id === ofAlice).map(({ kind }) => kind)).toEqual([
      'deleted',
    ]);
    expect((await rows(bob, alice)).map(state)).toEqual(before.map(state));
    expect((await mallory.textsFrom(bob)).filter((text) => text !== 'you are in')).toEqual([]);
    await alice.sendAccepted(bob, 'and on');
    await bob.seesLast(alice, 'and on');
    expect((await rows(alice, bob)).slice(0, beforeAtAlice.length).map(state)).toEqual(
      beforeAtAlice.map(state),
    );
  });

  it('puts no text above what was there before it, whatever time they claim', async () => {
    const long = Date.now() - 20 * 86_400_000;
    await say({ v: 1, kind: 'text', id: newId(long), from: mallory.username, text: 'said weeks ago' });
    const texts = (await rows(bob, mallory)).map(({ text }) => text);
    expect(texts.indexOf('said weeks ago')).toBeGreaterThan(texts.indexOf('you are in'));
  });
});
