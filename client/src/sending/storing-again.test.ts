import { mintMessageId, type AccountId, type BlobId, type MessageId } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import { beforeEach, expect, test } from 'vitest';
import { memoryVault } from '../index.ts';
import { decodeContent } from '../content/codec.ts';
import { lasting } from '../content/content.ts';
import { NO_SETTINGS } from '../content/conversation-settings.ts';
import { createEvents } from '../events/events.ts';
import type { MessengerEvents } from '../events/messenger-events.ts';
import type { ServerClock } from '../server/clock.ts';
import { keptName } from '../files/kept-files.ts';
import { memoryPartStore } from '../files/memory-part-store.ts';
import type { BlobApi } from '../server/blob-api.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import { authoredKey, keyOfMessage } from '../vault/keys.ts';
import { createVaultStore, type Store } from '../vault/store.ts';
import type { Conversation, Message } from '../vault/tables.ts';
import type { Composer, Draft } from './compose.ts';
import { createStoringAgain, noteFileRequest, noteFileStored } from './storing-again.ts';

const [SELF, BOB, MALLORY] = ['1', '2', '3'].map(
  (digit) => `${digit.repeat(8)}-1111-4111-8111-111111111111` as AccountId,
) as [AccountId, AccountId, AccountId];
const NOW_MS = 1_800_000_000_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const MIB = 1024 * 1024;

const idAt = (timeMs: number): MessageId => mintMessageId(timeMs, new Uint8Array(10));
const blobAt = (timeMs: number): BlobId => mintMessageId(timeMs, new Uint8Array(10));
const OLD = blobAt(NOW_MS - 40 * DAY_MS);

let store: Store;
let nowMs: number;
let due: number;
let drafts: Draft[];
const device = { accountId: () => SELF };
const clock = { now: () => nowMs, mint: () => Promise.resolve(idAt(nowMs)) } as unknown as ServerClock;
const composer = {
  enqueue: (_transaction, _id, draft) => {
    drafts.push(draft);
    return Promise.resolve();
  },
} as Pick<Composer, 'enqueue'> as Composer;
const events = createEvents<MessengerEvents>();

/** A message with one file, with Bob. */
const messageOf = async (
  author: AccountId,
  {
    size = MIB,
    at = NOW_MS - 40 * DAY_MS,
    standing = 'accepted',
    isHere = true,
  }: { size?: number; at?: number; standing?: Conversation['standing']; isHere?: boolean } = {},
): Promise<Message> => {
  const id = idAt(at);
  const message: Message = {
    ...{ id, conversation: conversationWith(BOB), sentAt: at, kind: 'text', text: '' },
    ...(author === SELF ? { direction: 'out', state: 'read' } : { direction: 'in', state: 'seen' }),
    files: [
      {
        ...{ name: 'film', type: 'video/mp4', size, key: btoa(id.slice(-32)) },
        blob: { id: OLD, digest: btoa('d'.repeat(32)) },
      },
    ],
  };
  const name = await keptName(message.files![0]!);
  await store.transact((transaction) => {
    if (isHere) transaction.put('keptFiles', name, { author, message: id });
    transaction.put('messages', keyOfMessage(message), message);
    transaction.put('messageKeys', authoredKey(author, id), keyOfMessage(message));
    transaction.put('conversations', message.conversation, {
      ...{ id: message.conversation, username: 'bob', standing, unread: 0, lastMessageAt: at },
      ...{ preview: null, unreadable: 0, draft: '', verification: 'none' },
      settings: NO_SETTINGS,
    });
  });
  return message;
};
const request = (by: AccountId, author: AccountId, { id }: Message, blob = OLD): Promise<void> =>
  store.transact((transaction) =>
    noteFileRequest(transaction, { device, clock, composer, onFileDue: () => (due += 1) }, by, {
      ...{ target: { author, id }, index: 0, blob },
    }),
  );
const stored = (by: AccountId, author: AccountId, { id }: Message, blob: BlobId): Promise<void> =>
  store.transact((transaction) =>
    noteFileStored(transaction, { device, events }, by, {
      ...{ target: { author, id }, index: 0, blob },
    }),
  );
const blobOf = async (message: Message): Promise<BlobId | undefined> =>
  (await store.get('messages', keyOfMessage(message)))?.files?.[0]?.blob?.id;

beforeEach(() => {
  store = createVaultStore(memoryVault(), () => undefined);
  [nowMs, due, drafts] = [NOW_MS, 0, []];
});

test('a file is stored again for whom it was written to, and for own devices', async () => {
  const mine = await messageOf(SELF);
  await request(BOB, SELF, mine);
  await request(BOB, SELF, mine);
  expect(await store.list('dueFiles', { limit: 9 })).toMatchObject([{ value: { tellsOther: true } }]);
  const his = await messageOf(BOB, { at: NOW_MS - 39 * DAY_MS });
  await request(SELF, BOB, his);
  expect((await store.list('dueFiles', { limit: 9 })).map(({ value }) => value.tellsOther).sort()).toEqual([
    false,
    true,
  ]);
  expect([due, drafts.length]).toEqual([3, 0]);
});

test('nobody has a file stored again that was not written to them, or who is not let in', async () => {
  const mine = await messageOf(SELF);
  await request(MALLORY, SELF, mine);
  await request(BOB, BOB, await messageOf(BOB, { at: NOW_MS - DAY_MS }));
  await request(BOB, SELF, await messageOf(SELF, { at: NOW_MS - 2 * DAY_MS, standing: 'request' }));
  await request(BOB, SELF, { ...mine, id: idAt(1) });
  expect([await store.list('dueFiles', { limit: 9 }), due, drafts]).toEqual([[], 0, []]);
});

test('an account has so much stored again in a day, and each file counts', async () => {
  const messages = await Promise.all(
    Array.from({ length: 300 }, (_, index) => messageOf(SELF, { size: 10, at: NOW_MS - index * 1_000 })),
  );
  for (const message of messages) await request(BOB, SELF, message);
  expect(await store.list('dueFiles', { limit: 500 })).toHaveLength(256);
  const large = await messageOf(SELF, { size: 90 * MIB, at: NOW_MS - DAY_MS });
  await request(BOB, SELF, large);
  // Own devices have a day of their own.
  await request(SELF, SELF, large);
  expect(await store.list('dueFiles', { limit: 500 })).toHaveLength(257);
  nowMs += DAY_MS;
  await request(BOB, SELF, messages.at(-1)!);
  expect(await store.list('dueFiles', { limit: 500 })).toHaveLength(258);
});

test('what this device does not have does not count, and its master is not asked for a place for it', async () => {
  await request(BOB, SELF, await messageOf(SELF, { isHere: false }));
  expect(await store.get('storedAgain', BOB)).toBeUndefined();
  // Some of these was here once.
  const [lost, partly] = await Promise.all(
    [1, 2].map((days) => messageOf(SELF, { size: 2 * MIB, at: NOW_MS - days * DAY_MS })),
  );
  for (const message of [lost!, partly!]) await request(BOB, SELF, message);
  expect((await store.get('storedAgain', BOB))?.bytes).toBeGreaterThan(4 * MIB);
  const parts = memoryPartStore();
  await parts.put(await keptName(partly!.files![0]!), 0, new Uint8Array(MIB));
  const storing = createStoringAgain({
    ...{ store, device, clock, composer, events, parts, backoff: { minMs: 1, maxMs: 1 } },
    api: { newBlob: () => Promise.reject(new Error('asked')) },
    blobs: {} as BlobApi,
    onQueued: () => undefined,
    onFault: (error) => expect.unreachable(String(error)),
  });
  storing.start();
  await waitFor('nothing to be due', async () => (await store.list('dueFiles', { limit: 9 })).length === 0);
  storing.stop();
  expect((await store.get('storedAgain', BOB))?.bytes).toBe(0);
});

test('what an own device has asked for is not told to others who have had enough today', async () => {
  const large = await messageOf(SELF, { size: 200 * MIB });
  const mine = await messageOf(SELF, { size: 90 * MIB, at: NOW_MS - DAY_MS });
  await request(BOB, SELF, large);
  await request(SELF, SELF, mine);
  await request(BOB, SELF, mine);
  const tellsOther = (await store.list('dueFiles', { limit: 9 })).map(({ value }) => value.tellsOther);
  expect(tellsOther.sort()).toEqual([false, true]);
});

test('who asks for what was stored again since is told where it is', async () => {
  const mine = await messageOf(SELF);
  const moved = blobAt(NOW_MS - DAY_MS);
  await stored(SELF, SELF, mine, moved);
  await request(BOB, SELF, mine);
  expect(await store.list('dueFiles', { limit: 9 })).toEqual([]);
  expect(drafts).toHaveLength(1);
  expect(drafts[0]!.to?.accountId).toBe(BOB);
  const told = decodeContent(drafts[0]!.to!.plaintext)!;
  expect(told).toMatchObject({ kind: 'file-stored', blob: moved });
  // Own devices that nobody here knows of yet are told, too.
  expect(lasting(told)).toBe('always');
});

test('where a file is now is the word of its author and of own devices alone; the later blob stands', async () => {
  const his = await messageOf(BOB);
  const [first, second] = [blobAt(NOW_MS - DAY_MS), blobAt(NOW_MS)];
  await stored(MALLORY, BOB, his, second);
  expect(await blobOf(his)).toBe(OLD);
  await stored(BOB, BOB, his, second);
  await stored(SELF, BOB, his, first);
  expect(await blobOf(his)).toBe(second);
  const mine = await messageOf(SELF, { at: NOW_MS - 3 * DAY_MS });
  await stored(BOB, SELF, mine, second);
  expect(await blobOf(mine)).toBe(OLD);
  await request(BOB, SELF, mine);
  await stored(SELF, SELF, mine, first);
  expect(await blobOf(mine)).toBe(first);
  // Another own device was faster.
  expect(await store.list('dueFiles', { limit: 9 })).toEqual([]);
});

test('a message that was taken back is not stored again', async () => {
  const mine = await messageOf(SELF);
  await store.transact((transaction) => {
    const { files: _, ...rest } = mine;
    transaction.put('messages', keyOfMessage(mine), { ...rest, kind: 'deleted' });
  });
  await request(BOB, SELF, mine);
  expect(await store.list('dueFiles', { limit: 9 })).toEqual([]);
});
