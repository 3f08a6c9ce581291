import type { AccountId } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import type { Transaction } from '../vault/store.ts';
import type { Conversation, VerificationRow } from '../vault/tables.ts';

export const verificationOf = (row: VerificationRow | undefined): Conversation['verification'] =>
  row === undefined ? 'none' : row.changed ? 'changed' : 'verified';

/** Whether a verified contact has keys that nobody has verified. */
export const hasUnverifiedKeys = async (
  reader: Pick<Transaction, 'get'>,
  accountId: AccountId,
): Promise<boolean> => {
  const conversation = await reader.get('conversations', conversationWith(accountId));
  if (conversation !== undefined) return conversation.verification === 'changed';
  return (await reader.get('verifications', accountId))?.changed === true;
};

/** Throws `keys-changed` instead of writing to a contact with unverified keys. */
export const checkKeys = async (transaction: Transaction, accountId: AccountId): Promise<void> => {
  if (await hasUnverifiedKeys(transaction, accountId))
    throw new MessengerError('keys-changed', 'a verified contact has keys that nobody has verified');
};
