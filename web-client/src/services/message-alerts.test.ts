import type { Conversation, Message } from '@restante/client';
import { conversationWith } from '@restante/client/conversation-id';
import { MUTED_FOR_GOOD, NO_SETTINGS } from '@restante/client/conversation-settings';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EngineEvent } from '../engine/channel.ts';
import { en } from '../i18n/en/index.ts';
import { alertOfMessages } from './message-alerts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A browser whose notifications are a list, and a messenger that is told what to say. */
const scene = () => {
  const known = new Map<string, Conversation>();
  const shown = new Map<string, string>();
  let told = 0;
  let listener: (events: readonly EngineEvent[]) => void = () => undefined;
  const state = { catchUp: { running: false } };
  alertOfMessages({
    feed: {
      subscribe: (each) => {
        listener = each;
        return { holdDuring: (work) => work(), end: () => undefined };
      },
    },
    notifications: {
      show: ({ conversation, title, body }, wanted) => {
        if (!wanted()) return Promise.resolve();
        told += 1;
        shown.set(conversation, `${title}: ${body}`);
        return Promise.resolve();
      },
      closeRead: (isRead) => {
        for (const id of shown.keys()) if (isRead(conversationWith(id))) shown.delete(id);
        return Promise.resolve();
      },
      onOpen: () => undefined,
    },
    alerts: { on: true, withDetails: true },
    connection: state as never,
    conversations: { get: (id) => known.get(id), loaded: true },
    locale: { t: en },
    router: { go: () => undefined, href: () => '#/' },
  });
  const has = (accountId: string, unread: number, changes: Partial<Conversation['settings']> = {}): void => {
    const id = conversationWith(accountId);
    const settings = { ...(known.get(id)?.settings ?? NO_SETTINGS), ...changes };
    const detail = { id, username: accountId, unread, settings } as Conversation;
    known.set(accountId, detail);
    listener([{ type: 'conversation', detail }]);
  };
  return {
    ...{ shown, state, has },
    told: () => told,
    comes: (accountId: string, text: string): void => {
      has(accountId, (known.get(accountId)?.unread ?? 0) + 1);
      const conversation = conversationWith(accountId);
      const detail = { conversation, text, direction: 'in', state: 'received', kind: 'text' } as Message;
      listener([{ type: 'message', detail }]);
    },
    passes: () => vi.advanceTimersByTimeAsync(3_000),
  };
};

test('30 texts are one notification for each conversation, with the newest of them', async () => {
  const { comes, passes, shown, told } = scene();
  for (let count = 1; count <= 30; count += 1) comes('bob', `text ${count}`);
  comes('carol', 'hello');
  await passes();
  expect([...shown.values()]).toEqual(['bob: 30 new messages: text 30', 'carol: hello']);
  expect(told()).toBe(2);
});

test('of what is muted nothing is told, and what was told of it goes', async () => {
  const { comes, passes, has, shown, told } = scene();
  comes('bob', 'one');
  await passes();
  expect([...shown.values()]).toEqual(['bob: one']);
  has('bob', 1, { mutedUntil: MUTED_FOR_GOOD, nickname: 'Robert' });
  await passes();
  expect(shown.size).toBe(0);
  comes('bob', 'two');
  await passes();
  expect(shown.size).toBe(0);
  expect(told()).toBe(1);
  has('bob', 2, { mutedUntil: Date.now() });
  comes('bob', 'three');
  await passes();
  expect([...shown.values()]).toEqual(['Robert: 3 new messages: three']);
});

test('what is read at once on another device is not told, and what is read later goes', async () => {
  const { comes, passes, has, shown, told } = scene();
  comes('bob', 'one');
  has('bob', 0);
  await passes();
  expect(told()).toBe(0);
  comes('bob', 'two');
  await passes();
  expect([...shown.values()]).toEqual(['bob: two']);
  has('bob', 0);
  await passes();
  expect([...shown]).toEqual([]);
});

test('while the mailboxes are read nothing is told: what was read elsewhere comes to be known', async () => {
  const { comes, passes, has, shown, told, state } = scene();
  state.catchUp.running = true;
  for (const text of ['one', 'two']) comes('bob', text);
  comes('carol', 'hello');
  await passes();
  has('bob', 0);
  await passes();
  expect(told()).toBe(0);
  state.catchUp.running = false;
  await passes();
  expect([...shown.values()]).toEqual(['carol: hello']);
});

test('what was shown before this page began, and has been read since, goes', async () => {
  const { passes, has, shown } = scene();
  shown.set('bob', 'old');
  has('bob', 0);
  await passes();
  expect([...shown]).toEqual([]);
});
