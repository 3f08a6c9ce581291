import { expect, it } from 'vitest';
import { createPace } from './pace.ts';

const never = new AbortController().signal;

/** A pace of 1,000 bytes a second, and a clock that goes on as it is told. */
const scene = () => {
  let nowMs = 5_000;
  let waiting: { readonly atMs: number; readonly go: () => void }[] = [];
  const pace = createPace(
    1_000,
    () => nowMs,
    (ms) => new Promise<void>((go) => waiting.push({ atMs: nowMs + ms, go })),
  );
  const passed: string[] = [];
  const take = (name: string, bytes: number): void =>
    void pace.take(bytes, never).then(() => passed.push(name));
  const live = async (ms: number): Promise<string[]> => {
    nowMs += ms;
    for (const { atMs, go } of waiting) if (atMs <= nowMs) go();
    waiting = waiting.filter(({ atMs }) => atMs > nowMs);
    await new Promise((resolve) => setImmediate(resolve));
    return passed.splice(0);
  };
  return { take, live };
};

it('lets pass what comes after a pause at once, and the next when that has had its time', async () => {
  const { take, live } = scene();
  for (const name of ['a', 'b', 'c']) take(name, 500);
  expect(await live(0)).toEqual(['a']);
  expect(await live(499)).toEqual([]);
  expect(await live(1)).toEqual(['b']);
  expect(await live(500)).toEqual(['c']);
  // Time in which nothing passed is not saved.
  await live(60_000);
  for (const name of ['d', 'e']) take(name, 2_000);
  expect(await live(0)).toEqual(['d']);
  expect(await live(1_999)).toEqual([]);
  expect(await live(1)).toEqual(['e']);
});

it('lets no more pass in a minute than it says, and one piece', async () => {
  const { take, live } = scene();
  for (let piece = 0; piece < 1_000; piece += 1) take('piece', 100);
  let bytes = 0;
  for (let second = 0; second < 60; second += 1) bytes += 100 * (await live(1_000)).length;
  expect(bytes).toBe(60_000 + 100);
});
