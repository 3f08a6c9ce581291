import { expect, it } from 'vitest';
import { ascii } from './bytes.ts';
import { crc32 } from './crc32.ts';

it.each([
  ['', 0],
  ['123456789', 0xcbf4_3926],
  ['The quick brown fox jumps over the lazy dog', 0x414f_a339],
])('the check value of "%s"', (text, value) => {
  expect(crc32(ascii(text))).toBe(value);
});
