import { LIMITS } from '@restante/protocol';
import { firstIdAt } from './keys.ts';
import type { Store } from './store.ts';
import { ONLY } from './tables.ts';

/** A node may be that late, and an id that early. */
const MARGIN_MS = 24 * 60 * 60 * 1000;
const PAGE = 500;

/** Forgets what is known of messages that had expired by then (law 15): no node can bring them again, though another own device may. */
export const prune = async (store: Store, settledMs: number): Promise<void> => {
  const before = firstIdAt(settledMs - LIMITS.messageTtlMs - MARGIN_MS);
  const isTaking = (await store.get('history', ONLY))?.state === 'running';
  for (const table of ['seenIds', 'sentIds', 'annotations', 'requests', 'owedDeletes'] as const) {
    if (table === 'annotations' && isTaking) continue;
    for (;;) {
      const rows = await store.list(table, { before, limit: PAGE });
      if (rows.length === 0) break;
      await store.transact((transaction) => {
        for (const { key } of rows) transaction.delete(table, key);
      });
    }
  }
};
