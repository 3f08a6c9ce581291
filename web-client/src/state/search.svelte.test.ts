import type { Message } from '@restante/client';
import { conversationWith } from '@restante/client/conversation-id';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EngineEvent } from '../engine/channel.ts';
import { EventFeed } from '../services/event-feed.ts';
import { Search } from './search.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const message = (text: string): Message =>
  ({ text, id: text, conversation: conversationWith('anna') }) as Message;

type Asked = {
  readonly query: string;
  readonly before: string | undefined;
  readonly limit: number;
  readonly answer: (texts: readonly string[]) => Promise<void>;
  readonly refuse: () => Promise<void>;
};

const start = () => {
  const asked: Asked[] = [];
  const search = new Search({
    search: (query, { before, limit = 0 } = {}) => {
      const { promise, resolve, reject } = Promise.withResolvers<Message[]>();
      const settled = async (): Promise<void> => {
        await promise.catch(() => undefined);
        await Promise.resolve();
      };
      asked.push({
        ...{ query, limit, before: before?.text },
        answer: (texts) => {
          resolve(texts.map(message));
          return settled();
        },
        refuse: () => {
          reject(new Error('closed'));
          return settled();
        },
      });
      return promise;
    },
  });
  const texts = (): string[] => search.results.map(({ text }) => text);
  return { asked, search, texts };
};

test('asks once a moment after the last key', async () => {
  const { asked, search, texts } = start();
  search.look('t');
  search.look('tr');
  expect(search.state).toBe('searching');
  vi.runAllTimers();
  expect(asked.map(({ query }) => query)).toEqual(['tr']);
  await asked[0]!.answer(['train']);
  expect(texts()).toEqual(['train']);
  expect(search.state).toBe('done');
});

test('an answer to an earlier query is dropped, whenever it comes', async () => {
  const { asked, search, texts } = start();
  search.look('first');
  vi.runAllTimers();
  search.look('second');
  await asked[0]!.answer(['first']);
  expect(texts()).toEqual([]);
  expect(search.state).toBe('searching');
  vi.runAllTimers();
  search.look('third');
  vi.runAllTimers();
  await asked[2]!.answer(['third']);
  await asked[1]!.refuse();
  expect(texts()).toEqual(['third']);
  expect(search.state).toBe('done');
});

test('nothing is looked for when there are only blanks', async () => {
  const { asked, search, texts } = start();
  search.look('a');
  vi.runAllTimers();
  search.look('  ');
  await asked[0]!.answer(['a']);
  vi.runAllTimers();
  expect(asked).toHaveLength(1);
  expect(texts()).toEqual([]);
  expect(search.state).toBe('idle');
});

test('more results are those before the last one, until there are no more', async () => {
  const { asked, search, texts } = start();
  search.look('a');
  vi.runAllTimers();
  const page = Array.from({ length: asked[0]!.limit }, (_, at) => `a${at}`);
  await asked[0]!.answer(page);
  expect(search.hasMore).toBe(true);
  const more = search.loadMore();
  expect(asked[1]!.before).toBe(page.at(-1));
  await asked[1]!.answer(['last']);
  await more;
  expect(texts()).toEqual([...page, 'last']);
  expect(search.hasMore).toBe(false);
});

test('a search that fails is told', async () => {
  const { asked, search } = start();
  search.look('a');
  vi.runAllTimers();
  await asked[0]!.refuse();
  expect(search.state).toBe('failed');
});

test('what is deleted goes from the results, and what is edited is shown as it is then', async () => {
  const { asked, search, texts } = start();
  let tell: (event: EngineEvent) => void = () => undefined;
  const unfollow = search.follow(new EventFeed({ onEvent: (listener) => (tell = listener) }));
  search.look('a');
  vi.runAllTimers();
  await asked[0]!.answer(['one', 'two', 'three', 'four']);
  tell({
    type: 'message-removed',
    detail: { conversation: conversationWith('anna'), author: 'anna', id: 'one' },
  });
  tell({ type: 'message-changed', detail: { ...message('two'), kind: 'deleted' } });
  tell({ type: 'message-changed', detail: { ...message('three'), kind: 'text', text: 'edited' } });
  tell({
    type: 'message-removed',
    detail: { conversation: conversationWith('bob'), author: 'bob', id: 'four' },
  });
  vi.runAllTimers();
  expect(texts()).toEqual(['edited', 'four']);
  unfollow();
});
