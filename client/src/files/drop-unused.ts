import { pagesOf } from '../vault/pages.ts';
import type { Store } from '../vault/store.ts';
import { keptName } from './kept-files.ts';
import { messageOfKept } from './message-of-kept.ts';
import type { PartStore } from './part-store.ts';

const PAGE = 200;

/**
 * Drops what is kept of files whose message is not here any more, or has been taken back. `keeping`: names of files that are being kept and
 * have no message yet.
 */
export const dropUnusedFiles = async (
  store: Store,
  parts: PartStore,
  keeping: ReadonlySet<string>,
): Promise<void> => {
  const isUsed = async (name: string): Promise<boolean> => {
    const kept = await messageOfKept(store, name);
    for (const file of kept?.message.files ?? []) if ((await keptName(file)) === name) return true;
    return false;
  };
  for (const name of (await parts.files()).keys())
    if (!keeping.has(name) && !(await isUsed(name)) && !keeping.has(name)) await parts.drop(name);
  for await (const rows of pagesOf(store, 'keptFiles', { limit: PAGE })) {
    const gone: string[] = [];
    for (const { key } of rows) if (!(await isUsed(key))) gone.push(key);
    if (gone.length === 0) continue;
    await store.transact((transaction) => {
      for (const name of gone) transaction.delete('keptFiles', name);
    });
  }
};
