import {
  messageTime,
  mintMessageId,
  type AccountId,
  type DeviceAddress,
  type MessageId,
} from '@restante/protocol';
import type { ConversationId } from './conversation-id.ts';
import type { Message } from './tables.ts';

/** Keys of the vault's rows. */

/** Prefix of the `deviceKey`s of all devices of an account. */
export const devicesPrefix = (accountId: AccountId): string => `${accountId}:`;

export const deviceIdOf = (key: string): number => Number(key.slice(key.indexOf(':') + 1));

/** The device of a `deviceKey`. */
export const addressOf = (key: string): DeviceAddress => ({
  accountId: key.slice(0, key.indexOf(':')),
  deviceId: deviceIdOf(key),
});

export type PreKeyKind = 'ec' | 'signed' | 'kyber';

/** Key of a private pre-key record, and the prefix of all of a kind. */
export const preKeyKey = (kind: PreKeyKind, id: number): string => `${kind}:${id}`;
export const preKeyPrefix = (kind: PreKeyKind): string => `${kind}:`;

/** Prefix of the keys of all messages of a conversation. */
export const conversationPrefix = (conversation: ConversationId): string => `${conversation}:`;

/** Before the keys of all messages of a conversation that stand at this time or later. */
export const messageKeyAt = (conversation: ConversationId, timeMs: number): string =>
  `${conversation}:${timeMs.toString(16).padStart(12, '0')}`;

/** Sorts a conversation by time. `timeMs`: where the message stands. */
export const messageKey = (
  conversation: ConversationId,
  timeMs: number,
  id: MessageId,
  direction: 'in' | 'out',
): string => `${messageKeyAt(conversation, timeMs)}:${id}:${direction}`;

export const keyOfMessage = ({ conversation, sentAt, id, direction }: Message): string =>
  messageKey(conversation, sentAt, id, direction);

/** The rest of such a key: sorts messages of all conversations by time. */
export const placeInTime = (key: string): string => key.slice(key.indexOf(':') + 1);

/** Names a message of any author: what makes it shown once (law 2). */
export const authoredKey = (author: AccountId, id: MessageId): string => `${author}:${id}`;

/** Annotations that wait for their message. Sorts by the message's time, so that they can be forgotten. */
export const annotationKey = (author: AccountId, id: MessageId): string => `${id}:${author}`;

/** The time in an id, but not later than the server had it. */
export const boundedTime = (id: MessageId, sentAt: number): number => Math.min(messageTime(id), sentAt);

/** An id of the millisecond after that of `known`; the rest is that of `id`. */
export const idAfter = (known: MessageId, id: MessageId): MessageId => {
  const time = (messageTime(known) + 1).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${id.slice(13)}`;
};

/** Sorts before every message id of this time or later. */
export const firstIdAt = (timeMs: number): MessageId =>
  mintMessageId(Math.max(0, timeMs), new Uint8Array(10));
