import type { ConversationId } from './conversation-id.ts';
import type { Transaction } from './store.ts';
import { ONLY, type HistoryTaken } from './tables.ts';

/** The messages of other own devices are wanted, and nobody has been asked. */
export const NEW_HISTORY: HistoryTaken = {
  ...{ state: 'running', from: null, place: null, askedAt: null, asks: 0, open: null, isTold: false },
  ...{ parts: [], kept: 0, messages: 0, total: 0, without: [] },
};

/** What has come and is not kept is to be asked for anew. */
export const withoutParts = (row: HistoryTaken): HistoryTaken => {
  const [first] = row.parts;
  if (first === undefined) return { ...row, askedAt: null };
  const messages = row.messages - row.kept;
  return { ...row, parts: [], place: first.before, isTold: false, askedAt: null, messages, kept: 0 };
};

/** A conversation has been deleted here: what other own devices still have of it is not taken any more, until all is taken anew. */
export const takeNoMoreOf = async (transaction: Transaction, conversation: ConversationId): Promise<void> => {
  const row = await transaction.get('history', ONLY);
  if (row === undefined || row.without.includes(conversation)) return;
  transaction.put('history', ONLY, { ...row, without: [...row.without, conversation] });
};
