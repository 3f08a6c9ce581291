import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TypingSignal } from './typing-signal.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const start = () => {
  const told: boolean[] = [];
  return { told, signal: new TypingSignal((active) => told.push(active)) };
};

test('many keystrokes are told once in four seconds', () => {
  const { told, signal } = start();
  for (let second = 0; second < 8; second += 1) {
    signal.typed();
    vi.advanceTimersByTime(1_000);
  }
  expect(told).toEqual([true, true]);
});

test('six seconds of silence tell that it is over', () => {
  const { told, signal } = start();
  signal.typed();
  vi.advanceTimersByTime(5_999);
  expect(told).toEqual([true]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual([true, false]);
  signal.typed();
  expect(told).toEqual([true, false, true]);
});

test('stopping is told once, and not when nothing was written', () => {
  const { told, signal } = start();
  signal.stop();
  expect(told).toEqual([]);
  signal.typed();
  signal.stop();
  signal.stop();
  vi.runAllTimers();
  expect(told).toEqual([true, false]);
});
