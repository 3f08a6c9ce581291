import { expect, test } from 'vitest';
import { markText } from './marked-text.ts';

/** The marked words in brackets. */
const marked = (text: string, query: string): string =>
  markText(text, query)
    .map((part) => (part.matched ? `[${part.text}]` : part.text))
    .join('');

test('marks all words, in any case and with any accents', () => {
  expect(marked('Der Zug nach Zürich', 'zurich ZUG')).toBe('Der [Zug] nach [Zürich]');
  expect(marked('Cafe\u0301 crème', 'café creme')).toBe('[Cafe\u0301] [crème]');
  expect(marked('Die STRASSE, die Straße', 'straße')).toBe('Die [STRASSE], die [Straße]');
  expect(marked('ﬁsh', 'f')).toBe('[ﬁ]sh');
});

test('words that overlap or meet are one mark', () => {
  expect(marked('abcde', 'abc bcd')).toBe('[abcd]e');
  expect(marked('abcde', 'cd ab')).toBe('[abcd]e');
});

test('text that looks like markup is text', () => {
  expect(marked('<b>bold</b> & co', 'bold')).toBe('<b>[bold]</b> & co');
});

test('characters of two code units are kept whole', () => {
  expect(marked('😀 hi 𝒳 😀', 'hi 😀')).toBe('[😀] [hi] 𝒳 [😀]');
  expect(marked('İstanbul ist schön', 'schon')).toBe('İstanbul ist [schön]');
});

test('nothing that matches leaves the text as it is', () => {
  expect(marked('Hello', 'x')).toBe('Hello');
  expect(marked('Hello', '  ')).toBe('Hello');
});

test('of a long text the part around the first match is shown', () => {
  const text = `${'a '.repeat(30_000)}needle ${'b '.repeat(1_000)}`;
  const shown = marked(text, 'needle');
  expect(shown.length).toBeLessThan(300);
  expect(shown).toMatch(/^… (a )+\[needle\] (b )+…$/);
});
