import { checkKeys } from '../sending/verification.ts';
import { named, type ConversationId } from '../vault/conversation-id.ts';
import { letIn, type LettingInDeps } from './letting-in.ts';
import { standingOf } from './standings.ts';
import type { Transaction } from '../vault/store.ts';

/** What writing into a conversation asks for and means: the other's keys may be used, and whoever was not let in is now. */
export const admitWriting = async (
  transaction: Transaction,
  deps: LettingInDeps,
  id: ConversationId,
  despiteKeys: boolean,
): Promise<void> => {
  const { accountId } = named(id);
  if (!despiteKeys) await checkKeys(transaction, accountId);
  await letIn(transaction, deps, accountId, await standingOf(transaction, accountId));
};
