import { mintMessageId, type MessageId } from '@restante/protocol';
import { describe, expect, test } from 'vitest';
import { createEvents } from '../events/events.ts';
import type { MessengerEvents } from '../events/messenger-events.ts';
import { conversationWith, memoryVault, type Message, type Messenger, type Vault } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { createVaultStore } from '../vault/store.ts';
import type { Annotation } from '../vault/tables.ts';
import { createConversations } from './conversations.ts';
import { createMessages } from './messages.ts';
import { MAX_STARRED } from './starring.ts';

const starredTexts = async (messenger: Messenger): Promise<string[]> =>
  (await messenger.starredMessages()).map(({ text }) => text);
/** In whatever order: clocks of people are not quite the same. */
const waitForStarred = (messenger: Messenger, ...texts: string[]): Promise<void> =>
  waitFor(
    `starred ${texts.join()}`,
    async () => (await starredTexts(messenger)).toSorted().join() === texts.toSorted().join(),
  );
const keysIn = async (vault: Vault, table: 'stars' | 'messages'): Promise<string[]> =>
  (await vault.list(table, { limit: 100 })).map(({ key }) => key);

describe('what is said of a message', () => {
  const NOW = Date.UTC(2030, 0, 1);
  const SELF = crypto.randomUUID();
  const FRIEND = crypto.randomUUID();
  const idAt = (index: number): MessageId => mintMessageId(NOW + index, new Uint8Array(10));
  const star = (index: number, value: boolean): Annotation => ({ starred: { value, id: idAt(index) } });
  type Said = 'message' | Annotation;

  /** Whether it is starred, and found as that, when all of it has come in this order. */
  const told = async (direction: 'in' | 'out', order: readonly Said[]) => {
    const vault = memoryVault();
    const store = createVaultStore(vault);
    const device = { accountId: () => SELF, address: () => ({ accountId: SELF, deviceId: 1 }) };
    const events = createEvents<MessengerEvents>();
    const messages = createMessages({
      ...{ events, conversations: createConversations(events, device), now: () => NOW },
      ...{ hasPassed: () => false, onExpiry: () => undefined, onFilesGone: () => undefined },
    });
    const author = direction === 'in' ? FRIEND : SELF;
    const message: Message = {
      ...{ id: idAt(0), conversation: conversationWith(FRIEND), direction, sentAt: NOW, text: 'so' },
      ...{ kind: 'text', state: direction === 'in' ? 'received' : 'queued' },
    };
    for (const each of order)
      await store.transact((transaction): Promise<unknown> =>
        each === 'message'
          ? messages.add(transaction, author, message)
          : messages.annotate(transaction, conversationWith(author), { author, id: idAt(0) }, each),
      );
    const [row] = await store.list('messages', { limit: 10 });
    return { starred: row?.value.starred?.value ?? false, found: (await keysIn(vault, 'stars')).length };
  };
  const orders = (all: readonly Said[]): Said[][] =>
    all.length === 0
      ? [[]]
      : all.flatMap((first, at) => orders(all.toSpliced(at, 1)).map((rest) => [first, ...rest]));

  test.each(['in', 'out'] as const)(
    'is the later choice, in whatever order they come: %s',
    async (direction) => {
      for (const order of orders(['message', star(1, true), star(2, false), star(3, true)]))
        expect(await told(direction, order)).toEqual({ starred: true, found: 1 });
      for (const order of orders(['message', star(1, true), star(2, false), star(2, false)]))
        expect(await told(direction, order)).toEqual({ starred: false, found: 0 });
    },
  );

  test('is nothing any more when it was taken back', async () => {
    for (const order of orders(['message', star(1, true), { deleted: true }]))
      expect(await told('in', order)).toEqual({ starred: false, found: 0 });
    for (const order of orders(['message', star(1, true), { hidden: true }]))
      expect((await told('in', order)).found).toBe(0);
  });
});

test('stars are the same on all own devices, until their messages go; nobody else is told', async () => {
  await using scene = await Scene.open();
  const [disk, disk2, disk3] = [memoryVault(), memoryVault(), memoryVault()];
  const alice = await scene.person('alice', { vault: disk });
  const [bob, carol] = [await scene.person('bobby'), await scene.person('carol')];
  const [aliceId, bobId, carolId] = [await accountOf(alice), await accountOf(bob), await accountOf(carol)];
  const [withBob, withCarol] = [conversationWith(bobId), conversationWith(carolId)];
  const alice2 = await scene.device('alice', { vault: disk2 });
  const mine = await alice.sendText('bobby', 'mine');
  await waitForTexts(bob, alice, ['mine']);
  const his = await bob.sendText(aliceId, 'his');
  const again = await bob.sendText(aliceId, 'again');
  const hers = await carol.sendText(aliceId, 'hers');
  for (const device of [alice, alice2]) {
    await waitForTexts(device, bob, ['mine', 'his', 'again']);
    await waitForTexts(device, carol, ['hers']);
  }
  const ofBob = [his, again].map(({ id }) => ({ author: bobId, id }));
  const changed: unknown[] = [];
  alice2.on('message-changed', ({ text, starred }) => changed.push([text, starred?.value]));
  await alice.setStarred(withBob, [{ author: aliceId, id: mine.id }, ...ofBob], true);
  await alice2.setStarred(withCarol, [{ author: carolId, id: hers.id }], true);
  for (const device of [alice, alice2]) await waitForStarred(device, 'hers', 'again', 'his', 'mine');
  expect(changed).toContainEqual(['his', true]);

  // By pages, and of one conversation.
  const all = await alice.starredMessages();
  expect(all.map(({ sentAt }) => sentAt)).toEqual(all.map(({ sentAt }) => sentAt).toSorted((a, b) => b - a));
  expect(await alice.starredMessages({ limit: 2 })).toEqual(all.slice(0, 2));
  expect(await alice.starredMessages({ before: all[1]!, limit: 1 })).toEqual(all.slice(2, 3));
  const theirs = await alice.starredMessages({ conversation: withBob });
  expect(theirs.map(({ text }) => text)).toEqual(['again', 'his', 'mine']);
  expect(JSON.parse(await (await alice.exportData()).text())).toMatchObject({
    messages: expect.arrayContaining([expect.objectContaining({ text: 'his', starred: true })]),
  });

  // A device that comes later is told of those that may still come to it, as of all that is said of messages.
  const alice3 = await scene.device('alice', { vault: disk3 });
  await waitFor('what was said', async () => (await disk3.list('annotations', { limit: 9 })).length >= 4);
  expect(await starredTexts(alice3)).toEqual([]);

  await alice2.setStarred(withBob, [{ author: aliceId, id: mine.id }], false);
  await bob.deleteForEveryone(conversationWith(aliceId), his.id);
  for (const device of [alice, alice2]) await waitForStarred(device, 'hers', 'again');
  await alice.deleteForMe(withBob, [ofBob[1]!]);
  for (const device of [alice, alice2]) await waitForStarred(device, 'hers');
  await alice.deleteConversation(withCarol);
  await waitForStarred(alice);
  expect(await keysIn(disk, 'stars')).toEqual([]);
  expect(await keysIn(disk2, 'stars')).toHaveLength(1);
  await bob.sendText(aliceId, 'last');
  await waitFor('last', async () => (await alice2.search('last')).length === 1);
  for (const other of [bob, carol]) {
    expect(await starredTexts(other)).toEqual([]);
    const rows = (
      await Promise.all((await other.conversations()).map(({ id }) => other.messages(id)))
    ).flat();
    expect(rows.filter(({ kind }) => kind === 'unknown')).toEqual([]);
  }
});

test('stars have a bound, and none is put where a later choice of another device stands', async () => {
  await using scene = await Scene.open();
  const disk = memoryVault();
  const alice = await scene.person('alice', { vault: disk });
  const bob = await scene.person('bobby');
  const aliceId = await accountOf(alice);
  const withBob = conversationWith(await accountOf(bob));
  const sent = await alice.sendText('bobby', 'one');
  const target = { author: aliceId, id: sent.id };
  await alice.setStarred(withBob, [target, { author: aliceId, id: crypto.randomUUID() }], true);
  await alice.setStarred(withBob, [target], false);

  const others = Array.from({ length: MAX_STARRED }, (_, index) => `${aliceId}:${index}`);
  await disk.commit(others.map((key) => ({ table: 'stars', key, value: true })));
  await expect(alice.setStarred(withBob, [target], true)).rejects.toMatchObject({ code: 'too-many-starred' });
  expect(await starredTexts(alice)).toEqual([]);
  await disk.commit([{ table: 'stars', key: others[0]!, value: undefined }]);
  await alice.setStarred(withBob, [target], true);
  expect(await starredTexts(alice)).toEqual(['one']);

  const [row] = await disk.list('messages', { limit: 1 });
  const ahead = { value: true, id: 'z'.repeat(sent.id.length) };
  await disk.commit([
    { table: 'messages', key: row!.key, value: { ...(row!.value as Message), starred: ahead } },
  ]);
  await expect(alice.setStarred(withBob, [target], false)).rejects.toMatchObject({ code: 'clock-skew' });
  expect(await starredTexts(alice)).toEqual(['one']);
});
