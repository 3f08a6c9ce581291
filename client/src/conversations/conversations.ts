import type { AccountId } from '@restante/protocol';
import type { Device } from '../account/device.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import type { Transaction } from '../vault/store.ts';
import type { Conversation } from '../vault/tables.ts';
import { verificationOf } from '../sending/verification.ts';

/** The rows of conversations, inside a transaction. */
export type Conversations = {
  /** The conversation with an account; a new one, not yet kept, when there is none. `by`: who has begun it. */
  readonly of: (
    transaction: Transaction,
    accountId: AccountId,
    by: 'self' | 'other',
  ) => Promise<Conversation>;
  readonly keep: (transaction: Transaction, conversation: Conversation) => void;
  /** Changes a conversation, if there is one. */
  readonly change: (
    transaction: Transaction,
    accountId: AccountId,
    change: Partial<Omit<Conversation, 'accountId'>>,
  ) => Promise<void>;
};

export const createConversations = (
  events: MessengerEventSource,
  device: Pick<Device, 'accountId'>,
): Conversations => {
  const begin = async (
    transaction: Transaction,
    accountId: AccountId,
    by: 'self' | 'other',
  ): Promise<Conversation> => {
    const known = await transaction.get('standings', accountId);
    const verified = await transaction.get('verifications', accountId);
    const isStranger = by === 'other' && accountId !== device.accountId();
    return {
      accountId,
      username: null,
      standing: known ?? (isStranger ? 'request' : 'accepted'),
      unread: 0,
      lastMessageAt: 0,
      preview: null,
      unreadable: 0,
      draft: '',
      verification: verificationOf(verified),
    };
  };
  const changed = new WeakMap<Transaction, Map<AccountId, Conversation>>();
  /** Told once for a transaction, however often it changes there. */
  const keep: Conversations['keep'] = (transaction, conversation) => {
    transaction.put('conversations', conversation.accountId, conversation);
    const told = changed.get(transaction) ?? new Map<AccountId, Conversation>();
    if (told.size === 0) {
      changed.set(transaction, told);
      transaction.afterCommit(() => {
        for (const each of told.values()) events.emit('conversation', each);
      });
    }
    told.set(conversation.accountId, conversation);
  };

  return {
    of: async (transaction, accountId, by) =>
      (await transaction.get('conversations', accountId)) ?? begin(transaction, accountId, by),
    keep,
    change: async (transaction, accountId, change) => {
      const conversation = await transaction.get('conversations', accountId);
      if (conversation !== undefined) keep(transaction, { ...conversation, ...change });
    },
  };
};
