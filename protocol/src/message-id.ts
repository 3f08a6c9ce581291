import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { v7 } from 'uuid';
import type { DeviceAddress, MessageId } from './ids.ts';

/**
 * Message ids are UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, then 74 free bits. A client mints an id
 * with random free bits; the cluster stores the message under an id with the same time whose free bits
 * are a hash of sender and client id. A retry is therefore the same id at every master, and no sender
 * can take another's id.
 *
 * Ids with the same millisecond have no defined order, so a client never mints two in one
 * ({@link nextMessageTime}).
 */

/**
 * `free` is 10 bytes or more, of which version and variant leave 74 bits. The package takes the first 32 of them as a
 * sequence and the rest from the end of 16 random bytes.
 */
const uuidV7 = (timeMs: number, free: Uint8Array): MessageId => {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = free;
  const seq = ((a & 0x0f) << 28) | (b << 20) | ((c & 0x3f) << 14) | (d << 6) | (e >> 2);
  const random = new Uint8Array(16);
  random.set(free.subarray(4, 10), 10);
  return v7({ msecs: timeMs, seq, random });
};

/** Mints a client's id for a message. `random` is 10 random bytes. */
export const mintMessageId = (timeMs: number, random: Uint8Array): MessageId => {
  if (random.length !== 10) throw new RangeError('10 random bytes needed');
  return uuidV7(timeMs, random);
};

/** The time for a device's next id: now by the server's clock, but always after the last one. */
export const nextMessageTime = (nowMs: number, lastMs: number): number => Math.max(nowMs, lastMs + 1);

/** The stored id of the message that `sender` calls `clientId`. */
export const deriveMessageId = (sender: DeviceAddress, clientId: MessageId): MessageId => {
  const input = `restante message id 1\n${sender.accountId}\n${sender.deviceId}\n${clientId}`;
  return uuidV7(messageTime(clientId), sha256(utf8ToBytes(input)));
};

/** Milliseconds since 1970 in a message id. */
export const messageTime = (id: MessageId): number => parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
