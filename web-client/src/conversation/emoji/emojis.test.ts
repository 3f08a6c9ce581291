import { describe, expect, test } from 'vitest';
import { EMOJIS } from './emojis.ts';
import { findEmojis, knownEmojis } from './find-emojis.ts';
import { moveInRows, rowLengths } from './move-in-rows.ts';

const ALL = EMOJIS.flatMap(({ emojis }) => emojis);
const emojisOf = (found: ReturnType<typeof findEmojis>): string[] => found.map(({ emoji }) => emoji);

describe('the table', () => {
  test('has some hundred emojis, each once', () => {
    expect(ALL.length).toBeGreaterThan(300);
    expect(new Set(ALL.map(({ emoji }) => emoji)).size).toBe(ALL.length);
  });

  test('each is one emoji with names in both languages', () => {
    const isWord = (word: string): boolean => /^[\p{L}\d][\p{L}\d '-]*$/u.test(word);
    const malformed = ALL.filter(
      ({ emoji, en, de }) => !/^\p{RGI_Emoji}$/v.test(emoji) || ![...en, ...de].every(isWord),
    );
    expect(malformed).toEqual([]);
  });

  test('no two have the same name in a language', () => {
    for (const language of ['en', 'de'] as const) {
      const names = ALL.map((entry) => entry[language][0]);
      expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    }
  });
});

describe('finding', () => {
  test('works in English and German, without accents and in any case', () => {
    expect(emojisOf(findEmojis('Hedgehog'))).toEqual(['🦔']);
    expect(emojisOf(findEmojis('igel'))[0]).toBe('🦔');
    expect(emojisOf(findEmojis('GLUCK'))).toContain('🍀');
  });

  test('needs all words, and puts first what begins with them', () => {
    expect(emojisOf(findEmojis('blue heart'))).toEqual(['💙']);
    expect(emojisOf(findEmojis('ear'))[0]).toBe('👂');
    expect(emojisOf(findEmojis('ear'))).toContain('🐻');
    expect(findEmojis('xyzzy')).toEqual([]);
  });

  test('what is not in the table is left out of the recent ones', () => {
    expect(emojisOf(knownEmojis(['🦔', 'x', '👍']))).toEqual(['🦔', '👍']);
  });
});

describe('moving', () => {
  test('rows are filled one after the other', () => {
    expect(rowLengths(0)).toEqual([]);
    expect(rowLengths(16)).toEqual([8, 8]);
    expect(rowLengths(19)).toEqual([8, 8, 3]);
  });

  // 0 1 2 / 3 / 4 5 6
  const move = (index: number, key: string): number | null => moveInRows([3, 1, 3], index, key);

  test('arrows lead through the rows, and stop at the ends', () => {
    expect(move(2, 'ArrowRight')).toBe(3);
    expect(move(3, 'ArrowLeft')).toBe(2);
    expect(move(2, 'ArrowDown')).toBe(3);
    expect(move(3, 'ArrowDown')).toBe(4);
    expect(move(5, 'ArrowUp')).toBe(3);
    expect(move(0, 'ArrowUp')).toBe(0);
    expect(move(6, 'ArrowRight')).toBe(6);
    expect(move(6, 'ArrowDown')).toBe(6);
    expect(move(0, 'ArrowLeft')).toBe(0);
  });

  test('Home and End stay in the row; other keys are not for it', () => {
    expect(move(5, 'Home')).toBe(4);
    expect(move(5, 'End')).toBe(6);
    expect(move(5, 'Enter')).toBeNull();
  });
});
