import type { Conversation } from '@restante/client';
import { conversationWith } from '@restante/client/conversation-id';
import { NO_SETTINGS } from '@restante/client/conversation-settings';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { INITIAL_STATUS, type Calls, type Status } from '../engine/calls.ts';
import type { EngineEvent } from '../engine/channel.ts';
import { EventFeed } from '../services/event-feed.ts';
import { Conversations } from './conversations.svelte.ts';

const conversation = (accountId: string, change: Partial<Conversation> = {}): Conversation => ({
  ...{
    id: conversationWith(accountId),
    username: accountId,
    standing: 'accepted',
    unread: 0,
    lastMessageAt: 1,
    preview: null,
  },
  ...{ unreadable: 0, draft: '', verification: 'none', settings: NO_SETTINGS },
  ...change,
});

const start = async (kept: Conversation[]) => {
  let emit: (event: EngineEvent) => void = () => undefined;
  let tell: (status: Status) => void = () => undefined;
  const calls = { conversations: () => Promise.resolve(kept) } as Calls;
  const feed = new EventFeed({ onEvent: (listener) => void (emit = listener) });
  const conversations = new Conversations({ calls, onStatus: (listener) => void (tell = listener) }, feed);
  tell({ ...INITIAL_STATUS, phase: 'signed-in' });
  await vi.advanceTimersByTimeAsync(0);
  const happen = (...events: EngineEvent[]): void => {
    events.forEach((event) => emit(event));
    vi.advanceTimersByTime(16);
  };
  return { conversations, happen, tell };
};
const names = (list: readonly Conversation[]): string[] => list.map(({ id }) => id);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('are in three lists, newest first, and only accepted ones count as unread', async () => {
  const { conversations } = await start([
    conversation('anna', { lastMessageAt: 1, unread: 2 }),
    conversation('ben', { lastMessageAt: 3, unread: 1 }),
    conversation('carl', { lastMessageAt: 2, standing: 'request', unread: 5 }),
    conversation('dora', { lastMessageAt: 4, standing: 'blocked' }),
  ]);
  expect(names(conversations.list)).toEqual(['ben', 'anna']);
  expect(names(conversations.requests)).toEqual(['carl']);
  expect(names(conversations.blocked)).toEqual(['dora']);
  expect(conversations.unread).toBe(3);
});

test('follow events, and go with the account', async () => {
  const { conversations, happen, tell } = await start([conversation('anna', { lastMessageAt: 5 })]);
  happen(
    { type: 'conversation', detail: conversation('ben', { lastMessageAt: 9 }) },
    { type: 'conversation', detail: conversation('ben', { lastMessageAt: 9, unread: 1 }) },
  );
  expect(names(conversations.list)).toEqual(['ben', 'anna']);
  expect(conversations.unread).toBe(1);
  happen({ type: 'conversation-removed', detail: { conversation: conversationWith('ben') } });
  expect(names(conversations.list)).toEqual(['anna']);
  tell({ ...INITIAL_STATUS, phase: 'signed-out' });
  expect(conversations.list).toEqual([]);
  expect(conversations.loaded).toBe(false);
});

test('stand as they are set up: pinned above, archived away until there is something new, muted without a count', async () => {
  const set = (
    accountId: string,
    settings: Partial<Conversation['settings']>,
    change: Partial<Conversation> = {},
  ) => conversation(accountId, { ...change, settings: { ...NO_SETTINGS, ...settings } });
  const { conversations, happen } = await start([
    set('anna', { pinned: true }, { lastMessageAt: 1 }),
    set('ben', {}, { lastMessageAt: 3 }),
    set('carl', { archivedAt: 2 }, { lastMessageAt: 2 }),
    set('dora', { mutedUntil: Date.now() + 5_000 }, { lastMessageAt: 4, unread: 7 }),
    set('emil', { markedUnread: true }, { lastMessageAt: 2 }),
  ]);
  expect(names(conversations.list)).toEqual(['anna', 'dora', 'ben', 'emil']);
  expect(names(conversations.archived)).toEqual(['carl']);
  expect(conversations.unread).toBe(1);
  expect(conversations.isMuted(conversations.get(conversationWith('dora'))!)).toBe(true);
  happen({ type: 'conversation', detail: set('carl', { archivedAt: 2 }, { lastMessageAt: 5, unread: 1 }) });
  expect(names(conversations.list)).toEqual(['anna', 'carl', 'dora', 'ben', 'emil']);
  expect(conversations.archived).toEqual([]);
  // The time of muting is over, and nothing else happens.
  vi.advanceTimersByTime(5_000);
  expect(conversations.unread).toBe(9);
  happen({
    type: 'conversation',
    detail: set('dora', { mutedUntil: Date.now() + 90 * 86_400_000 }, { unread: 7 }),
  });
  expect(conversations.unread).toBe(2);
  vi.advanceTimersByTime(90 * 86_400_000);
  expect(conversations.unread).toBe(9);
});

test('are shown when a tab of the release before tells of them', async () => {
  const { settings, ...told } = conversation('anna', { unread: 1 });
  const { conversations } = await start([told as Conversation]);
  expect(settings).toEqual(NO_SETTINGS);
  expect(names(conversations.list)).toEqual(['anna']);
  expect(conversations.unread).toBe(1);
});

test('what changes while they are read is not undone by the older answer', async () => {
  const { conversations, happen, tell } = await start([conversation('anna')]);
  tell({
    ...INITIAL_STATUS,
    phase: 'signed-in',
    connection: { name: 'live', attempt: 0, origin: 'https://one.example' },
  });
  happen(
    { type: 'conversation', detail: conversation('anna', { unread: 1 }) },
    { type: 'conversation', detail: conversation('ben', { lastMessageAt: 9 }) },
  );
  await vi.advanceTimersByTimeAsync(0);
  expect(names(conversations.list)).toEqual(['ben', 'anna']);
  expect(conversations.unread).toBe(1);
});

test('somebody types until they stop, write, or are not heard of any more', async () => {
  const { conversations, happen } = await start([conversation('anna')]);
  const types = (active: boolean) =>
    happen({ type: 'typing', detail: { conversation: conversationWith('anna'), accountId: 'anna', active } });
  types(true);
  expect(conversations.isTyping(conversationWith('anna'))).toBe(true);
  types(false);
  expect(conversations.isTyping(conversationWith('anna'))).toBe(false);
  types(true);
  vi.advanceTimersByTime(7_000);
  types(true);
  vi.advanceTimersByTime(7_000);
  expect(conversations.isTyping(conversationWith('anna'))).toBe(true);
  vi.advanceTimersByTime(1_000);
  expect(conversations.isTyping(conversationWith('anna'))).toBe(false);
  types(true);
  happen({
    type: 'message',
    detail: {
      ...{
        id: '1',
        conversation: conversationWith('anna'),
        direction: 'in',
        sentAt: 1,
        kind: 'text',
        text: 'Hi',
        state: 'received',
      },
    },
  });
  expect(conversations.isTyping(conversationWith('anna'))).toBe(false);
});

test('what waits for room where it goes is told until it goes again', async () => {
  const { conversations, happen, tell } = await start([conversation('anna')]);
  const id = conversationWith('anna');
  const hold = (code: 'sender-share-full' | null) =>
    happen({ type: 'held-up', detail: { conversation: id, code } });
  expect(conversations.heldUp(id)).toBeNull();
  hold('sender-share-full');
  expect(conversations.heldUp(id)).toBe('sender-share-full');
  hold(null);
  expect(conversations.heldUp(id)).toBeNull();
  hold('sender-share-full');
  tell({ ...INITIAL_STATUS, phase: 'signed-out' });
  expect(conversations.heldUp(id)).toBeNull();
});

test('presence is what was told last, in this connection', async () => {
  const { conversations, happen, tell } = await start([conversation('anna')]);
  expect(conversations.presenceOf('anna')).toBe('offline');
  tell({
    ...INITIAL_STATUS,
    phase: 'signed-in',
    connection: { name: 'live', attempt: 0, origin: 'https://one.example' },
  });
  await vi.advanceTimersByTimeAsync(0);
  happen({ type: 'presence', detail: { accountId: 'anna', state: 'online' } });
  expect(conversations.presenceOf('anna')).toBe('online');
  tell({ ...INITIAL_STATUS, phase: 'signed-in', connection: { name: 'offline' } });
  expect(conversations.presenceOf('anna')).toBe('offline');
});
