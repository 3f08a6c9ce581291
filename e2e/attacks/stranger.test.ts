import { conversationWith } from '@restante/client';
import { waitFor } from '@restante/testkit';
import { metricOf, startTestCluster, type Person, type TestCluster } from '@restante/testkit/cluster';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

/** Whoever has an account, and has been let in by nobody: they harm nobody, and the others go on. */

// Longer than what any condition is waited for, so that a failure names its condition.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** As they are in production: of one stranger, and of whoever was let in, at one device. */
const STRANGERS_SHARE = 50;
const FRIEND_WRITES = 80;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster({ settings: { mailboxNode: { MAILBOX_STRANGERS_MESSAGES: '200' } } });
});
afterAll(() => cluster[Symbol.asyncDispose]());

const numbered = (text: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${text} ${index + 1}`);

it('fills no mailbox: who was let in goes on, and what waits comes when its reader is back', async () => {
  const [bob, friend, stranger] = [
    await cluster.person('bob'),
    await cluster.person('friend'),
    await cluster.person('stranger'),
  ];
  for (const person of [bob, friend, stranger]) await person.enterLive();
  await friend.sendAccepted(bob, 'hello');
  await bob.seesLast(friend, 'hello');
  await bob.sendAccepted(friend, 'hello, friend');
  await friend.seesLast(bob, 'hello, friend');
  await bob.leave();

  const told: (string | null)[] = [];
  stranger.messenger().on('held-up', ({ conversation, code }) => {
    expect(conversation).toBe(conversationWith(bob.address.accountId));
    told.push(code);
  });
  const flood = numbered('buy', STRANGERS_SHARE + 20);
  for (const text of flood) await stranger.send(bob, text);
  await waitFor('the stranger to be told', () => told.at(-1) === 'sender-share-full');
  expect(await stranger.outboxSize()).toBe(20);
  const refused = { code: 'sender-share-full' };
  expect(
    await metricOf(cluster.parts.masters[0]!.url, 'gateway_sends_refused_total', refused),
  ).toBeGreaterThan(0);

  // To others the stranger writes as before, and Bob's friend writes more than the stranger may.
  await stranger.sendAccepted(friend, 'and you?');
  const letters = numbered('letter', FRIEND_WRITES);
  for (const text of letters) await friend.send(bob, text);
  await waitFor('all letters to be accepted', async () => (await friend.outboxSize()) === 0);
  const waiting = (await cluster.waiting()).map(
    (ids) => ids.filter((id) => id.startsWith(bob.address.accountId)).length,
  );
  expect(waiting).toEqual([1, 2, 3].map(() => STRANGERS_SHARE + FRIEND_WRITES));

  await bob.enterLive();
  const isAll = async (from: Person, texts: readonly string[]): Promise<boolean> =>
    (await bob.textsFrom(from)).length === texts.length;
  await waitFor(
    'everything',
    async () => (await isAll(stranger, flood)) && (await stranger.outboxSize()) === 0,
  );
  expect(await bob.textsFrom(friend)).toEqual(['hello', ...letters]);
  expect(await bob.textsFrom(stranger)).toEqual(flood);
  expect(told.at(-1)).toBeNull();
  for (const person of [bob, friend, stranger]) await person.leave();
});
