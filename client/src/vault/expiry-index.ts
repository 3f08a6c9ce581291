import type { AccountId, MessageId } from '@restante/protocol';
import { authoredKey } from './keys.ts';
import type { Transaction } from './store.ts';
import type { Message } from './tables.ts';

/**
 * The index of when messages disappear, those that are shown and those that are put away apart from each other, each by the time. A
 * row that names a message which is not there any more, or not until then, means nothing.
 */
export type ExpiryPlace = 'shown' | 'away';

export const expiryPrefix = (place: ExpiryPlace): string => `${place}:`;

/** Before all that disappear at this time or later. */
export const expiryKeyAt = (place: ExpiryPlace, timeMs: number): string =>
  `${expiryPrefix(place)}${Math.max(0, timeMs).toString(16).padStart(14, '0')}`;

export const expiryKey = (place: ExpiryPlace, expiresAt: number, author: AccountId, id: MessageId): string =>
  `${expiryKeyAt(place, expiresAt)}:${authoredKey(author, id)}`;

/** The time in a key. */
export const expiryOfKey = (key: string): number => parseInt(key.slice(key.indexOf(':') + 1), 16);

/** Notes when a message that is shown disappears, if that is another time than `before`. Answers whether it is. */
export const noteExpiry = (
  transaction: Transaction,
  author: AccountId,
  { id, expiresAt }: Message,
  before?: Message,
): boolean => {
  if (expiresAt === before?.expiresAt) return false;
  if (before?.expiresAt !== undefined)
    transaction.delete('expiries', expiryKey('shown', before.expiresAt, author, id));
  if (expiresAt === undefined) return false;
  transaction.put('expiries', expiryKey('shown', expiresAt, author, id), authoredKey(author, id));
  return true;
};
