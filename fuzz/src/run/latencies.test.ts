import { expect, test } from 'vitest';
import { createLatencies } from './latencies.ts';

test('shares, the most, and how many were over a bound', () => {
  const latencies = createLatencies();
  for (let ms = 1; ms <= 1_000; ms += 1) latencies.add(ms);
  for (const ms of [1_000.4, 1_001, 60_000]) latencies.add(ms);
  expect(latencies.count()).toBe(1_003);
  expect([0.5, 0.99].map(latencies.percentile)).toEqual([502, 993]);
  expect(latencies.max()).toBe(20_000);
  expect(latencies.over(1_000)).toBe(2);
});
