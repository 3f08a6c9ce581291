import { UsageError } from '@restante/scripts/cli';
import { expect, test } from 'vitest';
import { KINDS } from '../inputs/input.ts';
import { readFuzzOptions } from './options.ts';

test('so many inputs of any seed when nothing is asked for, and as many as there is time for when that is', () => {
  const { seed, ...rest } = readFuzzOptions([]);
  expect(Number.isInteger(seed)).toBe(true);
  expect(rest).toMatchObject({
    from: 0,
    inputs: 20_000,
    minutes: Infinity,
    kinds: KINDS,
    atOnce: 24,
    json: false,
  });
  expect(readFuzzOptions(['--minutes', '0.5'])).toMatchObject({ minutes: 0.5, inputs: Infinity });
  expect(readFuzzOptions(['--minutes', '5', '--inputs', '3'])).toMatchObject({ minutes: 5, inputs: 3 });
  expect(readFuzzOptions(['--at-once', '1'])).toMatchObject({ atOnce: 1 });
});

test('what was found is asked for again by its number, among the same kinds', () => {
  const { again } = readFuzzOptions(['--seed', '7', '--inputs', '100', '--json']);
  expect(again([42])).toBe('npm run fuzz -- --seed 7 --from 42 --inputs 1');
  const some = readFuzzOptions(['--seed=7', '--only', 'bytes,frames']);
  expect(some.again([9, 3, 5])).toBe('npm run fuzz -- --seed 7 --from 3 --inputs 7 --only frames,bytes');
  expect(readFuzzOptions(some.again([9, 3]).split(' ').slice(4))).toMatchObject({
    seed: 7,
    from: 3,
    inputs: 7,
    kinds: some.kinds,
  });
});

test.each([
  [['--only', 'letters'], 'does not know "letters"'],
  [['--minutes', '0'], 'needs a number above 0'],
  [['--inputs', '-1'], 'ambiguous'],
  [['--inputs', '1.5'], 'needs a whole number'],
  [['--from', '1000000000'], 'go beyond'],
  [['--at-once', '0'], '1'],
  [['--loud'], "'--loud'"],
])('%j is refused', (args, why) => {
  expect(() => readFuzzOptions(args)).toThrow(UsageError);
  expect(() => readFuzzOptions(args)).toThrow(why);
});
