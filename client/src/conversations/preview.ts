import { rowKindOf } from '../content/shared.ts';
import { conversationPrefix, keyOfMessage, messageKey } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';
import type { Conversation, Message } from '../vault/tables.ts';

type Preview = NonNullable<Conversation['preview']>;

export const previewOf = (message: Message): Preview => {
  const { id, kind, direction, timer } = message;
  const text = rowKindOf(message)?.preview(message) ?? '';
  return { id, kind, direction, text, ...(kind === 'timer' && timer && { timer }) };
};

/** Whether the conversation shows this message as its newest. */
export const isPreviewed = ({ preview }: Conversation, { id, direction }: Message): boolean =>
  preview?.id === id && preview.direction === direction;

/** Whether a message that is added to the conversation is its newest then. */
const isNewest = ({ preview, lastMessageAt }: Conversation, message: Message): boolean =>
  preview === null ||
  keyOfMessage(message) > messageKey(message.conversation, lastMessageAt, preview.id, preview.direction);

export const withMessage = (conversation: Conversation, message: Message): Conversation =>
  isNewest(conversation, message)
    ? { ...conversation, preview: previewOf(message), lastMessageAt: message.sentAt }
    : conversation;

/** The conversation as its newest row says; its place in the list stays when no row is left. */
export const withNewestRow = async (
  transaction: Transaction,
  conversation: Conversation,
): Promise<Conversation> => {
  const prefix = conversationPrefix(conversation.id);
  const [newest] = await transaction.list('messages', { prefix, limit: 1, reverse: true });
  const cleared = { ...conversation, preview: null };
  return newest === undefined ? cleared : withMessage(cleared, newest.value);
};
