import { expect, it } from 'vitest';
import { createReading } from './reading.ts';

it('reads once for all who ask while it reads and shortly after', async () => {
  const reads: PromiseWithResolvers<number>[] = [];
  const ask = createReading(() => {
    const read = Promise.withResolvers<number>();
    reads.push(read);
    return read.promise;
  }, 3_600_000);
  const first = [ask(), ask()];
  expect(reads).toHaveLength(1);
  reads[0]?.resolve(1);
  expect(await Promise.all([...first, ask(), ask()])).toEqual([1, 1, 1, 1]);
  expect(reads).toHaveLength(1);
});

it('reads anew when the last one is no longer fresh', async () => {
  let reads = 0;
  const ask = createReading(() => Promise.resolve((reads += 1)), 0);
  expect([await ask(), await ask()]).toEqual([1, 2]);
});
