import { expect, test } from 'vitest';
import { isBlank } from './blank-text.ts';

test.each([
  ['nothing', ''],
  ['spaces and lines', ' \t\r\n\u00A0\u2003\u3000\u2028'],
  ['spaces without width', '\u200B\u200C\u200D\u2060\uFEFF'],
  ['a soft hyphen', '\u00AD'],
  ['marks of direction', '\u200E\u200F\u202A\u202E\u2066\u2069\u061C'],
  ['fillers', '\u115F\u1160\u3164\uFFA0\u17B4\u180E'],
  ['variation selectors and tags', '\uFE0F\u{E0100}\u{E0041}\u034F'],
  ['controls', '\u0000\u0007\u007F\u0085'],
  ['an empty braille cell', '\u2800'],
  ['any of these together', ' \u200B\u3164\n\u2800'],
])('%s: blank', (_, text) => {
  expect(isBlank(text)).toBe(true);
});

test.each([
  ['a letter among them', '\u200Bx\u200B'],
  ['a dot', '.'],
  ['an emoji of several', '👩\u200D🚀'],
  ['a heart with a variation selector', '❤\uFE0F'],
  ['a flag of tags', '🏴\u{E0067}\u{E0062}\u{E007F}'],
  ['a mark without a letter', '\u0301'],
  ['braille', '\u2801'],
  ['a number sign that is seen, though a format character', '\u0600'],
  ['what no font has', '\u{E000}'],
])('%s: not blank', (_, text) => {
  expect(isBlank(text)).toBe(false);
});
