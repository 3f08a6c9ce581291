import type { AccountId } from '@restante/protocol';
import { checkKeys } from '../sending/verification.ts';
import { letIn, type LettingInDeps } from './letting-in.ts';
import type { Transaction } from '../vault/store.ts';

/** What writing to an account asks for and means: its keys may be used, and whoever was not let in is now. */
export const admitWriting = async (
  transaction: Transaction,
  deps: LettingInDeps,
  accountId: AccountId,
  despiteKeys: boolean,
): Promise<void> => {
  if (!despiteKeys) await checkKeys(transaction, accountId);
  const conversation = await transaction.get('conversations', accountId);
  if (conversation !== undefined) await letIn(transaction, deps, accountId, conversation.standing);
};
