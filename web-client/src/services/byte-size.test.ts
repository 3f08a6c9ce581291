import { expect, it } from 'vitest';
import { byteSize } from './byte-size.ts';

it.each([
  [0, '0 kB'],
  [1_400, '1 kB'],
  [999_000, '999 kB'],
  [4_230_000, '4.2 MB'],
  [12_000_000_000, '12 GB'],
  [5_000_000_000_000, '5,000 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(byteSize(bytes, 'en')).toBe(text);
});
