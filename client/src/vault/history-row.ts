import type { ConversationId } from './conversation-id.ts';
import type { Transaction } from './store.ts';
import { ONLY, type HistoryTaken } from './tables.ts';

/** The messages of other own devices are wanted, and nobody has been asked. */
export const NEW_HISTORY: HistoryTaken = {
  ...{ state: 'running', from: null, place: null, askedAt: null, asks: 0, isTold: false },
  ...{ parts: [], messages: 0, total: 0, without: [] },
};

/** A conversation has been deleted here: what other own devices still have of it is not taken any more. */
export const takeNoMoreOf = async (transaction: Transaction, conversation: ConversationId): Promise<void> => {
  const row = await transaction.get('history', ONLY);
  if (row === undefined || row.state === 'done' || row.without.includes(conversation)) return;
  transaction.put('history', ONLY, { ...row, without: [...row.without, conversation] });
};
