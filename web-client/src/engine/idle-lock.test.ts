import { expect, test } from 'vitest';
import { createIdleLock } from './idle-lock.ts';

const start = () => {
  const now = { monotonic: 1_000, wall: 50_000 };
  let locked = 0;
  const idle = createIdleLock({ monotonic: () => now.monotonic, wall: () => now.wall }, () => (locked += 1));
  const pass = (ms: number): void => {
    now.monotonic += ms;
    now.wall += ms;
    idle.check();
  };
  return { now, idle, pass, locked: () => locked };
};

test('locks once when nobody has done anything for so long', () => {
  const { idle, pass, locked } = start();
  idle.after(60_000);
  pass(59_999);
  idle.note();
  pass(59_999);
  expect(locked()).toBe(0);
  pass(1);
  expect(locked()).toBe(1);
  pass(1);
  expect(locked()).toBe(1);
});

test('the time in which a machine slept counts, also when the first to come back is a person', () => {
  const { now, idle, locked } = start();
  idle.after(60_000);
  now.wall += 60_000;
  idle.note();
  expect(locked()).toBe(1);
});

test('a clock that is put back delays nothing', () => {
  const { now, idle, locked } = start();
  idle.after(60_000);
  now.wall -= 3_600_000;
  now.monotonic += 60_000;
  idle.check();
  expect(locked()).toBe(1);
});

test('never, when that is chosen', () => {
  const { idle, pass, locked } = start();
  pass(10 ** 12);
  idle.after(1);
  idle.after(null);
  pass(10 ** 12);
  expect(locked()).toBe(0);
});
