import type { AccountId } from '@restante/protocol';
import type { Conversations } from './conversations.ts';
import { checkKeys } from './identity-guard.ts';
import { tellOwnDevices, type OwnSyncDeps } from './own-sync.ts';
import { setStanding } from './standings.ts';
import type { Transaction } from './vault/store.ts';

/**
 * What writing to an account asks for and means: its keys may be used, and it is let in. To be called in the
 * transaction of the message, after `messages.add`: by then the conversation costs no reading.
 */
export const admitWriting = async (
  transaction: Transaction,
  deps: OwnSyncDeps & { readonly conversations: Pick<Conversations, 'change'> },
  accountId: AccountId,
  despiteKeys: boolean,
): Promise<void> => {
  if (!despiteKeys) await checkKeys(transaction, accountId);
  if ((await transaction.get('conversations', accountId))?.standing !== 'blocked') return;
  await setStanding(transaction, deps.conversations, { accountId, standing: 'accepted' });
  await tellOwnDevices(transaction, deps, { type: 'standing', accountId, standing: 'accepted' });
};
