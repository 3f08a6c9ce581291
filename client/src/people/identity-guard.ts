import { messageTime, type AccountId } from '@restante/protocol';
import type { AccountKeyWatch } from '../account/device-lists.ts';
import type { Device } from '../account/device.ts';
import type { ServerClock } from '../server/clock.ts';
import type { Conversations } from '../conversations/conversations.ts';
import { verificationOf } from '../sending/verification.ts';
import type { Messages } from '../conversations/messages.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import type { Transaction } from '../vault/store.ts';
import type { VerificationRow } from '../vault/tables.ts';

/**
 * Watches the account keys of contacts. Once a person has verified a contact, nothing is encrypted for this contact
 * from the moment the account has another key, until the person accepts that. Devices come and go by lists that the key has signed.
 */
export type IdentityGuard = {
  /** An account has another key than before: notes it. */
  readonly observe: AccountKeyWatch;
  /** This key is that of the contact, says the person. */
  readonly verify: (transaction: Transaction, accountId: AccountId, accountKey: string) => Promise<void>;
  /** Another own device says with which key the contact was verified there; what was done here stays. */
  readonly learn: (
    transaction: Transaction,
    accountId: AccountId,
    verification: VerificationRow,
  ) => Promise<void>;
  /** From now on any key is taken. */
  readonly forget: (transaction: Transaction, accountId: AccountId) => Promise<void>;
};

export type IdentityGuardDeps = {
  readonly device: Pick<Device, 'accountId'>;
  readonly clock: ServerClock;
  readonly messages: Pick<Messages, 'add'>;
  readonly conversations: Conversations;
};

export const createIdentityGuard = (deps: IdentityGuardDeps): IdentityGuard => {
  const { device, clock, messages, conversations } = deps;

  /** Where there is no conversation, or a hidden one, there is no place for a note. */
  const note = async (transaction: Transaction, accountId: AccountId): Promise<void> => {
    const conversation = conversationWith(accountId);
    const row = await transaction.get('conversations', conversation);
    if (row === undefined || row.standing === 'blocked') return;
    const id = await clock.mint(transaction);
    await messages.add(transaction, accountId, {
      ...{ id, conversation, sentAt: messageTime(id), text: '' },
      ...{ direction: 'in', kind: 'keys-changed', state: 'seen' },
    });
  };
  const keep = async (
    transaction: Transaction,
    accountId: AccountId,
    row: VerificationRow,
  ): Promise<void> => {
    transaction.put('verifications', accountId, row);
    const verification = verificationOf(row);
    await conversations.change(transaction, conversationWith(accountId), { verification });
  };

  return {
    observe: async (transaction, accountId, accountKey) => {
      if (accountId === device.accountId()) return;
      await note(transaction, accountId);
      const verified = await transaction.get('verifications', accountId);
      if (verified === undefined) return;
      // Who goes back to the key that was compared has shown that it is theirs.
      await keep(transaction, accountId, { ...verified, changed: accountKey !== verified.accountKey });
    },
    verify: (transaction, accountId, accountKey) =>
      keep(transaction, accountId, { accountKey, changed: false }),
    learn: async (transaction, accountId, { accountKey, changed }) => {
      if ((await transaction.get('verifications', accountId)) !== undefined) return;
      const list = await transaction.get('deviceLists', accountId);
      const isOther = list !== undefined && list.accountKey !== accountKey;
      await keep(transaction, accountId, { accountKey, changed: changed || isOther });
    },
    forget: async (transaction, accountId) => {
      transaction.delete('verifications', accountId);
      await conversations.change(transaction, conversationWith(accountId), { verification: 'none' });
    },
  };
};
