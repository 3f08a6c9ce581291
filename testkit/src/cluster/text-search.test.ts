import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { filesWithText } from './text-search.ts';

const folder = mkdtempSync(join(tmpdir(), 'restante-search-'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string | Buffer): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index * 7));

test.each([
  ['as it is', KEY],
  ['in hex', KEY.toString('hex')],
  ...[0, 1, 2].flatMap((shift) =>
    (['base64', 'base64url'] as const).map((alphabet): [string, string] => [
      `in ${alphabet} after ${shift} bytes`,
      Buffer.concat([Buffer.from('abc'.slice(0, shift)), KEY, Buffer.from('end')]).toString(alphabet),
    ]),
  ),
])('finds bytes that lie in a file %s', async (_how, content) => {
  const file = write('found', Buffer.concat([Buffer.alloc(2 ** 20 - 7), Buffer.from(content)]));
  write('other', Buffer.from(KEY).reverse());
  expect(await filesWithText(folder, [KEY])).toEqual([file]);
});

test('finds a text, and passes over files that nobody has written to since then', async () => {
  const [old, fresh] = [write('old', 'a word'), write('fresh', 'a word')];
  utimesSync(old, 1, 1);
  expect(await filesWithText(folder, ['a word'], 2_000)).toEqual([fresh]);
  expect((await filesWithText(folder, ['a word'])).sort()).toEqual([fresh, old]);
});
