import { standingOf } from '../people/standings.ts';
import { isIntroduced } from '../sending/introduction.ts';
import { pagesOf } from '../vault/pages.ts';
import type { Store } from '../vault/store.ts';

const PAGE = 500;

/** Decides again about the receipts that are held. Answers whether some are owed now, and whether some are held still. */
export const releaseReceipts = async (
  store: Store,
  nowMs: number,
): Promise<{ readonly isAnyOwed: boolean; readonly isAnyHeld: boolean }> => {
  let isAnyOwed = false;
  let isAnyHeld = false;
  for await (const rows of pagesOf(store, 'pendingDeletes', { limit: PAGE })) {
    const held = rows.filter(({ value }) => value.held);
    if (held.length === 0) continue;
    await store.transact(async (transaction) => {
      const introduced = await isIntroduced(transaction, nowMs);
      for (const { key } of held) {
        const row = await transaction.get('pendingDeletes', key);
        if (!row?.held) continue;
        const standing = await standingOf(transaction, row.senderId);
        const { senderId, senderDeviceId, receipt, deleted } = row;
        const owed = { senderId, senderDeviceId, receipt, deleted };
        if (standing === 'blocked') {
          if (row.deleted) transaction.delete('pendingDeletes', key);
          else transaction.put('pendingDeletes', key, { ...owed, receipt: false });
        } else if (introduced || standing === 'accepted') {
          transaction.put('pendingDeletes', key, owed);
          isAnyOwed = true;
        } else isAnyHeld = true;
      }
    });
  }
  return { isAnyOwed, isAnyHeld };
};
