import { seededRandom } from '@restante/testkit/seeded-random';
import { expect, test } from 'vitest';
import type { Json } from './json.ts';
import { mutateValue } from './mutate-value.ts';

test('changes that follow on changes make a value larger, but never too large to be sent', () => {
  let longest = 0;
  for (let seed = 0; seed < 500; seed += 1) {
    const random = seededRandom(seed);
    let value: Json = { each: [[['a'.repeat(70_000)]]] };
    for (let change = 0; change < 6; change += 1) value = mutateValue(value, random);
    longest = Math.max(longest, JSON.stringify(value).length);
  }
  expect(longest).toBeGreaterThan(1_000_000);
  expect(longest).toBeLessThan(100_000_000);
});
