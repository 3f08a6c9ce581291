import type { Message, StarredPage } from '@restante/client';
import { expect, test, vi } from 'vitest';
import type { EngineEvent } from '../engine/channel.ts';
import { EventFeed } from '../services/event-feed.ts';
import { StarredMessages } from './starred-messages.svelte.ts';

const star = (id: number, conversation = 'bob', value = true): Message =>
  ({
    ...{ id: String(id).padStart(3, '0'), conversation, direction: 'in', sentAt: id, kind: 'text' },
    ...{ text: `text ${id}`, state: 'seen', starred: { value, id: 'x' } },
  }) as Message;

const scene = (stored: readonly Message[], conversation: string | null = null) => {
  let emit: (event: EngineEvent) => void = () => undefined;
  const feed = new EventFeed({
    onEvent: (listener) => {
      emit = listener;
      return () => undefined;
    },
  });
  const calls = {
    starredMessages: ({ before, limit = 50 }: StarredPage = {}) =>
      Promise.resolve(
        stored
          .filter(({ sentAt }) => before === undefined || sentAt < before.sentAt)
          .toSorted((a, b) => b.sentAt - a.sentAt)
          .slice(0, limit),
      ),
  };
  const starred = new StarredMessages(calls, feed, conversation as never);
  const shown = (): number[] => starred.messages.map(({ sentAt }) => sentAt);
  let told = 0;
  feed.subscribe((events) => (told += events.length));
  /** Until everybody has heard of it. */
  const tell = async (type: EngineEvent['type'], detail: unknown): Promise<void> => {
    const before = told;
    emit({ type, detail } as EngineEvent);
    await vi.waitFor(() => expect(told).toBe(before + 1));
  };
  return { starred, shown, tell };
};

test('are read in pages, newest first', async () => {
  const { starred, shown } = scene(Array.from({ length: 60 }, (_, index) => star(index)));
  await starred.readOn();
  expect([shown().length, shown()[0], starred.hasMore]).toEqual([50, 59, true]);
  await starred.readOn();
  expect([shown().length, shown().at(-1), starred.hasMore]).toEqual([60, 0, false]);
});

test('come and go with their stars, their messages and conversations', async () => {
  const { starred, shown, tell } = scene([star(1), star(5, 'carol'), star(9)]);
  await starred.readOn();
  await tell('message-changed', star(7, 'carol'));
  expect(shown()).toEqual([9, 7, 5, 1]);
  await tell('message-changed', star(9, 'bob', false));
  await tell('message-removed', { conversation: 'bob', author: 'bob', id: '001' });
  expect(shown()).toEqual([7, 5]);
  await tell('conversation-removed', { conversation: 'carol' });
  expect(shown()).toEqual([]);
  starred.close();
  await tell('message-changed', star(8));
  expect(shown()).toEqual([]);
});

test('of one conversation are its own', async () => {
  const { starred, shown, tell } = scene([star(1)], 'bob');
  await starred.readOn();
  await tell('message-changed', star(2, 'carol'));
  await tell('message-changed', star(3));
  expect(shown()).toEqual([3, 1]);
});
