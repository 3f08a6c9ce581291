import type { Device } from '../account/device.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import { named, type ConversationId } from '../vault/conversation-id.ts';
import type { Transaction } from '../vault/store.ts';
import type { Conversation } from '../vault/tables.ts';
import { verificationOf } from '../sending/verification.ts';
import { settingsOf } from '../content/conversation-settings.ts';
import { shownProfile } from './shown-profile.ts';

/** The rows of conversations, inside a transaction. */
export type Conversations = {
  /** A conversation; a new one, not yet kept, when there is none. `by`: who has begun it. */
  readonly of: (transaction: Transaction, id: ConversationId, by: 'self' | 'other') => Promise<Conversation>;
  readonly keep: (transaction: Transaction, conversation: Conversation) => void;
  /** Changes a conversation, if there is one. */
  readonly change: (
    transaction: Transaction,
    id: ConversationId,
    change: Partial<Omit<Conversation, 'id'>>,
  ) => Promise<void>;
};

export const createConversations = (
  events: MessengerEventSource,
  device: Pick<Device, 'accountId'>,
): Conversations => {
  const begin = async (
    transaction: Transaction,
    id: ConversationId,
    by: 'self' | 'other',
  ): Promise<Conversation> => {
    const { accountId } = named(id);
    const known = await transaction.get('standings', accountId);
    const verified = await transaction.get('verifications', accountId);
    const chosen = (await transaction.get('conversationSettings', accountId)) ?? {};
    const timer = (await transaction.get('timers', id))?.seconds ?? null;
    const profile = await transaction.get('profiles', accountId);
    const isStranger = by === 'other' && accountId !== device.accountId();
    return {
      id,
      username: null,
      standing: known ?? (isStranger ? 'request' : 'accepted'),
      unread: 0,
      lastMessageAt: 0,
      preview: null,
      unreadable: 0,
      draft: '',
      verification: verificationOf(verified),
      settings: settingsOf(chosen),
      ...(timer !== null && { timer }),
      ...(profile && { profile: shownProfile(profile) }),
    };
  };
  const changed = new WeakMap<Transaction, Map<ConversationId, Conversation>>();
  /** Told once for a transaction, however often it changes there. */
  const keep: Conversations['keep'] = (transaction, conversation) => {
    transaction.put('conversations', conversation.id, conversation);
    const told = changed.get(transaction) ?? new Map<ConversationId, Conversation>();
    if (told.size === 0) {
      changed.set(transaction, told);
      transaction.afterCommit(() => {
        for (const each of told.values()) events.emit('conversation', each);
      });
    }
    told.set(conversation.id, conversation);
  };

  return {
    of: async (transaction, id, by) =>
      (await transaction.get('conversations', id)) ?? begin(transaction, id, by),
    keep,
    change: async (transaction, id, change) => {
      const conversation = await transaction.get('conversations', id);
      if (conversation !== undefined) keep(transaction, { ...conversation, ...change });
    },
  };
};
