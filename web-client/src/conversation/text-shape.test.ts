import { expect, test } from 'vitest';
import { cutText, isEmojiOnly } from './text-shape.ts';

test('short texts are shown whole', () => {
  expect(cutText('')).toBeNull();
  expect(cutText('line\n'.repeat(10))).toBeNull();
  expect(cutText('x'.repeat(2_400))).toBeNull();
});

test('a text of many lines or many characters is cut', () => {
  expect(cutText('line\n'.repeat(5_000))?.split('\n')).toHaveLength(24);
  expect(cutText('x'.repeat(60_000))).toHaveLength(2_400);
});

test('no character is cut in two', () => {
  const cut = cutText(`x${'😀'.repeat(5_000)}`);
  expect(cut).toHaveLength(2_399);
  expect(cut?.isWellFormed()).toBe(true);
});

test.each(['👍', '👩‍👩‍👧‍👦', '❤️', '🇩🇪 🎉', '👍🏽👍🏽👍🏽'])('%s is only emoji', (text) => {
  expect(isEmojiOnly(text)).toBe(true);
});

test.each(['', ' ', '1', '#', 'a👍', '👍👍👍👍', '👍\u202E', 'x'.repeat(60_000)])('%j is not', (text) => {
  expect(isEmojiOnly(text)).toBe(false);
});
