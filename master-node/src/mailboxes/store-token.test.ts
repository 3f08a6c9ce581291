import { expect, it } from 'vitest';
import { createStoreToken } from './store-token.ts';

const MINUTE_MS = 60_000;

it('is minted anew before its end, and when the clock has gone back', async () => {
  let now = 1_000_000;
  const ends: number[] = [];
  const token = createStoreToken(
    {
      master: (expiresAt: number) => {
        ends.push(expiresAt);
        return Promise.resolve(String(ends.length));
      },
    } as unknown as Parameters<typeof createStoreToken>[0],
    () => now,
  );
  expect([await token(), await token()]).toEqual(['1', '1']);
  now += 7 * MINUTE_MS;
  expect(await token()).toBe('1');
  now += 2 * MINUTE_MS;
  expect(await token()).toBe('2');
  now -= 6 * 60 * MINUTE_MS;
  expect([await token(), await token()]).toEqual(['3', '3']);
  expect(ends.at(-1)).toBe(now + 10 * MINUTE_MS);
});
