import { expect, test } from 'vitest';
import { memoryVault } from './memory-vault.ts';
import { pagesOf, rowsOf } from './pages.ts';
import { rowReader } from './row-reader.ts';

test('pages follow each other to the end of their range, and a short one is the last that is read', async () => {
  const vault = memoryVault();
  const keys = ['a:1', 'a:2', 'a:3', 'a:4', 'a:5', 'b:1'];
  await vault.commit(keys.map((key, value) => ({ table: 'renewals', key, value })));
  const reader = rowReader(vault, () => undefined);
  let reads = 0;
  const counted: Pick<typeof reader, 'list'> = {
    list: (table, range) => {
      reads += 1;
      return reader.list(table, range);
    },
  };
  const pages: string[][] = [];
  for await (const rows of pagesOf(counted, 'renewals', { prefix: 'a:', limit: 2 }))
    pages.push(rows.map(({ key }) => key));
  expect(pages).toEqual([['a:1', 'a:2'], ['a:3', 'a:4'], ['a:5']]);
  expect(reads).toBe(3);
  const all = await rowsOf(counted, 'renewals', { limit: 3 });
  expect(all.map(({ key }) => key)).toEqual(keys);
  expect(await rowsOf(counted, 'renewals', { prefix: 'c:', limit: 3 })).toEqual([]);
});
