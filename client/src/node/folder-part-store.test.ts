import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { partStoreContract } from '../files/part-store.contract.ts';
import { folderPartStore } from './folder-part-store.ts';

const root = mkdtempSync(join(tmpdir(), 'restante-parts-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

partStoreContract(() => folderPartStore(join(root, 'parts')));

test('a folder that is not there is empty', async () => {
  const store = folderPartStore(join(root, 'nowhere'));
  expect((await store.files()).size).toBe(0);
  expect(await store.get('0'.repeat(32), 0)).toBeNull();
  await store.drop('0'.repeat(32));
});

test('a name that leads elsewhere is refused, and what somebody else has put there is left alone', async () => {
  const store = folderPartStore(join(root, 'shared'));
  await expect(store.put('../../somewhere', 0, new Uint8Array(1))).rejects.toThrow(RangeError);
  await store.put('0'.repeat(32), 0, new Uint8Array(3));
  writeFileSync(join(root, 'shared', 'notes.txt'), 'mine');
  expect([...(await store.files()).keys()]).toEqual(['0'.repeat(32)]);
});
