import { expect, test } from 'vitest';
import { byteRange } from './byte-range.ts';

test.each([
  ['bytes=0-', 0, 1_000],
  ['bytes=0-1', 0, 2],
  ['bytes=999-', 999, 1_000],
  ['bytes=990-5000', 990, 1_000],
  ['bytes=-10', 990, 1_000],
  ['bytes=-5000', 0, 1_000],
])('%s of 1,000 bytes is from %i to %i', (header, from, to) => {
  expect(byteRange(header, 1_000)).toEqual({ from, to });
});

test.each([
  ...[null, '', 'bytes=-', 'bytes=1000-', 'bytes=5-4', 'bytes=-0', 'bytes=0-1,5-6', 'items=0-1', 'bytes=a-b'],
  'bytes=99999999999999999999-',
])('%s is nothing of it', (header) => {
  expect(byteRange(header, 1_000)).toBeNull();
});

test('there is nothing of what is empty', () => {
  expect(byteRange('bytes=0-', 0)).toBeNull();
});
