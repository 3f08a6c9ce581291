import { expect, it } from 'vitest';
import { FrameRate } from './frame-rate.ts';

const take = (rate: FrameRate): number => {
  let taken = 0;
  while (rate.take()) taken += 1;
  return taken;
};

it('takes a sixth of a minute at once, then as many as are due, and saves up no more than that', () => {
  let now = 1_000;
  const rate = new FrameRate(600, () => now);
  expect(take(rate)).toBe(100);
  expect(rate.waitMs()).toBe(100);
  now += 99;
  expect(rate.take()).toBe(false);
  now += 1;
  expect(take(rate)).toBe(1);
  now += 60_000;
  expect(take(rate)).toBe(100);
});

it('is rested again when as many may come at once as at the start, and not for one that was due', () => {
  let now = 1_000;
  const rate = new FrameRate(600, () => now);
  expect(rate.isRested()).toBe(true);
  take(rate);
  now += 9_900;
  expect(rate.isRested()).toBe(false);
  now += 100;
  expect(rate.isRested()).toBe(true);
});

it('a clock that is set back stops nobody for longer than one frame takes', () => {
  let now = 3_600_000;
  const rate = new FrameRate(600, () => now);
  take(rate);
  now = 0;
  expect(rate.take()).toBe(false);
  now += 100;
  expect(rate.take()).toBe(true);
});
