import { MAX_TEXT_BYTES as BOUND } from '@restante/client';
import { expect, test } from 'vitest';
import { bytesLeft, MAX_TEXT_BYTES } from './text-length.ts';

test('counts UTF-8 bytes where it matters', () => {
  expect(bytesLeft('x'.repeat(MAX_TEXT_BYTES))).toBe(0);
  expect(bytesLeft('ü'.repeat(MAX_TEXT_BYTES / 2))).toBe(0);
  expect(bytesLeft('😀'.repeat(MAX_TEXT_BYTES / 4) + 'x')).toBe(-1);
  expect(bytesLeft('€'.repeat(MAX_TEXT_BYTES / 3))).toBe(1);
});

test('the bound is the one of the messenger', () => {
  expect(MAX_TEXT_BYTES).toBe(BOUND);
});
