import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
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

const VERSION_7 = 0x70;
const VARIANT = 0x80;

const format = (bytes: Uint8Array): MessageId => {
  const hex = bytesToHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

const uuidV7 = (timeMs: number, free: Uint8Array): MessageId => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint16(0, Math.floor(timeMs / 2 ** 32));
  new DataView(bytes.buffer).setUint32(2, timeMs % 2 ** 32);
  bytes.set(free.subarray(0, 10), 6);
  bytes[6] = VERSION_7 | ((free[0] ?? 0) & 0x0f);
  bytes[8] = VARIANT | ((free[2] ?? 0) & 0x3f);
  return format(bytes);
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
