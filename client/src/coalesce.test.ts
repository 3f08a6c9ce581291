import { expect, test } from 'vitest';
import { coalesce } from './coalesce.ts';

test('one run at a time, also of what is triggered at the moment at which a run ends', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const trigger = coalesce(async () => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    runs += 1;
  });
  const first = trigger();
  const second = trigger();
  let last = Promise.resolve();
  await first.then(() => (last = trigger()));
  await Promise.all([second, last]);
  expect(most).toBe(1);
  expect(runs).toBeLessThanOrEqual(3);
});
