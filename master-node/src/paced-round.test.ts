import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPacedRound } from './paced-round.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const create = (all: readonly string[]) => {
  const done: string[] = [];
  let ends = 0;
  const round = createPacedRound<string>({
    all: () => all,
    act: (one) => {
      done.push(one);
      return 1;
    },
    onEnd: () => (ends += 1),
    share: 2,
    everyMs: 100,
  });
  return { round, done: () => done.splice(0).join(''), ends: () => ends };
};

it('does its share at a time, and tells the end', () => {
  const { round, done, ends } = create(['a', 'b', 'c', 'd', 'e']);
  round.begin();
  expect(done()).toBe('');
  const turns = [1, 2, 3, 4].map(() => {
    vi.advanceTimersByTime(100);
    return [done(), ends()];
  });
  expect(turns).toEqual([
    ['ab', 0],
    ['cd', 0],
    ['e', 1],
    ['', 1],
  ]);
});

it('comes to everything however often it is begun', () => {
  const { round, done, ends } = create(['a', 'b', 'c', 'd', 'e']);
  const turns = [];
  for (let index = 0; index < 20; index += 1) {
    round.begin();
    vi.advanceTimersByTime(100);
    turns.push(done());
  }
  for (const one of 'abcde') expect(turns.join('').split(one).length - 1).toBeGreaterThanOrEqual(6);
  expect(ends()).toBe(0);
  vi.runAllTimers();
  expect(ends()).toBe(1);
});

it('ends when it is disposed of', () => {
  const { round, done } = create(['a', 'b', 'c']);
  round.begin();
  round[Symbol.dispose]();
  vi.runAllTimers();
  expect(done()).toBe('');
});
