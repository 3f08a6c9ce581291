import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ALL_FAULTS } from './index.ts';

test('each fault is told in the README, and no other one', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const [, table = ''] = /^## Faults$(.*?)^## /ms.exec(readme) ?? [];
  const told = [...table.matchAll(/^\| (`.*?) +\|/gm)].flatMap(
    ([, names = '']) => names.match(/[\w-]+/g) ?? [],
  );
  const known = ALL_FAULTS.map(({ name }) => name);
  expect(told.toSorted()).toEqual(known.toSorted());
  expect(new Set(known).size).toBe(known.length);
});
