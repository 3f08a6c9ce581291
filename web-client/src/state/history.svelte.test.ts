import type { HistoryProgress } from '@restante/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EngineEvent } from '../engine/channel.ts';
import type { Engine } from '../engine/engine.ts';
import { EventFeed } from '../services/event-feed.ts';
import { History, millisecondsLeft } from './history.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the rest takes as long as what has come', () => {
  const running = (messages: number, total = 1_000): HistoryProgress => ({
    state: 'running',
    messages,
    total,
  });
  expect(millisecondsLeft(running(400), { messages: 200, atMs: 1_000 }, 3_000)).toBe(6_000);
  expect(millisecondsLeft(running(1_000), { messages: 200, atMs: 1_000 }, 3_000)).toBe(0);
  expect(millisecondsLeft(running(1_200), { messages: 200, atMs: 1_000 }, 3_000)).toBe(0);
  expect(millisecondsLeft(running(200), { messages: 200, atMs: 1_000 }, 3_000)).toBeNull();
});

test('says how far it is, from where it was when the page began, and nothing of another account', async () => {
  let status: (status: { phase: string }) => void = () => undefined;
  let emit: (event: EngineEvent) => void = () => undefined;
  const kept: HistoryProgress = { state: 'running', messages: 300, total: 900 };
  const calls = { historyProgress: () => Promise.resolve(kept) };
  const onStatus = (listener: typeof status): void => void (status = listener);
  const engine = { calls, onStatus } as unknown as Pick<Engine, 'calls' | 'onStatus'>;
  const feed = new EventFeed({ onEvent: (listener) => void (emit = listener) });
  const history = new History(engine, feed);
  expect(history.progress.state).toBe('none');
  status({ phase: 'signed-in' });
  await vi.waitUntil(() => history.progress.state === 'running');
  expect([history.progress, history.msLeft]).toEqual([kept, null]);
  vi.advanceTimersByTime(5_000);
  emit({ type: 'history', detail: { ...kept, messages: 600 } });
  vi.advanceTimersByTime(16);
  expect(history.progress.messages).toBe(600);
  expect(history.msLeft).toBeGreaterThan(0);
  status({ phase: 'signed-out' });
  expect(history.progress.state).toBe('none');
});
