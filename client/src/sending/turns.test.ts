import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTurns } from './turns.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Pieces of work that have begun, and how to end them. */
const pieces = () => {
  const ends: (() => void)[] = [];
  return { ends, piece: () => new Promise<void>((resolve) => ends.push(resolve)) };
};

describe('turns', () => {
  test('so many at a time, the others in their order as those end', async () => {
    const { ends, piece } = pieces();
    const turns = createTurns(2);
    for (let count = 0; count < 5; count += 1) turns.take(piece);
    expect(ends).toHaveLength(2);
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(ends).toHaveLength(3);
  });

  test('nothing begins during a rest; the longest one counts', async () => {
    const { ends, piece } = pieces();
    const turns = createTurns(2);
    turns.rest(5_000);
    turns.rest(1_000);
    turns.take(piece);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(ends).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(ends).toHaveLength(1);
  });

  test('what is forgotten never begins, and what comes after it does not wait for the rest', async () => {
    const { ends, piece } = pieces();
    const turns = createTurns(1);
    turns.take(piece);
    turns.take(() => Promise.reject(new Error('never')));
    turns.rest(1_000);
    turns.clear();
    turns.take(piece);
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(ends).toHaveLength(2);
  });
});
