import { expect, it } from 'vitest';
import { de } from './de/index.ts';
import { en } from './en/index.ts';
import { linking } from './linking.ts';
import { lock } from './lock.ts';

type Tree = { readonly [key: string]: string | ((...args: unknown[]) => string) | Tree };

/** Every text by its dotted path; those that are made from values get some. */
const textsOf = (tree: Tree, path = ''): Map<string, string> =>
  new Map(
    Object.entries(tree).flatMap(([key, value]): [string, string][] => {
      const at = `${path}${key}`;
      if (typeof value === 'object') return [...textsOf(value, `${at}.`)];
      return [[at, typeof value === 'string' ? value : value(...Array<number>(value.length).fill(3))]];
    }),
  );

const english = textsOf({ ...en, linking: linking.en, lock: lock.en } as unknown as Tree);
const german = textsOf({ ...de, linking: linking.de, lock: lock.de } as unknown as Tree);

it('says the same things in both languages', () => {
  expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
});

it('has no empty text, none with straight ellipses, none that shows how it is made', () => {
  for (const [path, text] of [...english, ...german]) {
    expect(text.trim(), path).not.toBe('');
    expect(text, path).not.toMatch(/\.\.\.|undefined|NaN|\[object|\$\{/);
  }
});

it('has been translated', () => {
  const same = [...english].filter(
    ([path, text]) => /[a-z]{3,}.*\s/i.test(text) && german.get(path) === text,
  );
  expect(same).toEqual([]);
});
