import type { AccountId, MessageId } from '@restante/protocol';
import type { Standing } from './content/content.ts';
import type { Conversations } from './conversations.ts';
import type { MessengerEventSource } from './messenger-events.ts';
import { authoredKey, messageKey } from './vault/keys.ts';
import type { Transaction } from './vault/store.ts';
import type { Message, MessageState } from './vault/tables.ts';

/** Order of the states of an outgoing message: a late `accepted` does not undo `read`. */
const RANK: Record<MessageState, number> = {
  received: 0,
  seen: 1,
  queued: 0,
  failed: 1,
  accepted: 2,
  delivered: 3,
  read: 4,
};

/** The conversations in the vault, inside a transaction. */
export type Messages = {
  /** Keeps a message once: false when its author has sent it before. Answers with the key of its row. */
  readonly add: (
    transaction: Transaction,
    author: AccountId,
    message: Message,
  ) => Promise<{ readonly key: string; readonly added: boolean }>;
  /** Moves a message forward to a state. */
  readonly advance: (
    transaction: Transaction,
    key: string,
    state: MessageState,
    detail?: Pick<Message, 'copies' | 'failure'>,
  ) => Promise<void>;
  /** Gives a message another time. Answers with its new key. */
  readonly move: (
    transaction: Transaction,
    author: AccountId,
    key: string,
    sentAt: number,
  ) => Promise<string>;
  readonly keyOf: (transaction: Transaction, author: AccountId, id: MessageId) => Promise<string | undefined>;
  readonly name: (transaction: Transaction, accountId: AccountId, username: string) => Promise<void>;
};

/** Writing to somebody lets them in; a blocked one only by a decision of its own. */
const standingAfter = (standing: Standing, { direction }: Message): Standing =>
  direction === 'out' && standing === 'request' ? 'accepted' : standing;

export const createMessages = (events: MessengerEventSource, conversations: Conversations): Messages => ({
  add: async (transaction, author, message) => {
    const existing = await transaction.get('messageKeys', authoredKey(author, message.id));
    if (existing !== undefined) return { key: existing, added: false };
    const key = messageKey(message.accountId, message.sentAt, message.id, message.direction);
    transaction.put('messages', key, message);
    transaction.put('messageKeys', authoredKey(author, message.id), key);
    const by = message.direction === 'out' ? 'self' : 'other';
    const conversation = await conversations.of(transaction, message.accountId, by);
    conversations.keep(transaction, {
      ...conversation,
      standing: standingAfter(conversation.standing, message),
      unread: conversation.unread + (message.state === 'received' ? 1 : 0),
      lastMessageAt: Math.max(conversation.lastMessageAt, message.sentAt),
    });
    transaction.afterCommit(() => events.emit('message', message));
    return { key, added: true };
  },
  advance: async (transaction, key, state, detail = {}) => {
    const message = await transaction.get('messages', key);
    if (message === undefined) return;
    // A receipt may be faster than `accepted`; how many copies there are is news all the same.
    const isLate = RANK[state] <= RANK[message.state];
    if (isLate && detail.copies === undefined) return;
    const advanced: Message = { ...message, ...detail, state: isLate ? message.state : state };
    transaction.put('messages', key, advanced);
    transaction.afterCommit(() => events.emit('message-changed', advanced));
    if (advanced.state !== 'seen') return;
    const conversation = await conversations.of(transaction, message.accountId, 'other');
    conversations.keep(transaction, { ...conversation, unread: Math.max(0, conversation.unread - 1) });
  },
  move: async (transaction, author, key, sentAt) => {
    const message = await transaction.get('messages', key);
    if (message === undefined) return key;
    const moved = messageKey(message.accountId, sentAt, message.id, message.direction);
    transaction.delete('messages', key);
    transaction.put('messages', moved, { ...message, sentAt });
    transaction.put('messageKeys', authoredKey(author, message.id), moved);
    return moved;
  },
  keyOf: (transaction, author, id) => transaction.get('messageKeys', authoredKey(author, id)),
  name: async (transaction, accountId, username) => {
    const conversation = await conversations.of(transaction, accountId, 'self');
    if (conversation.username !== username) conversations.keep(transaction, { ...conversation, username });
  },
});
