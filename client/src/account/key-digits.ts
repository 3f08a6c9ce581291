import { sha512 } from '@noble/hashes/sha2.js';
import type { AccountId } from '@restante/protocol';
import { fromBase64 } from '../base64.ts';
import { createRemembered } from '../remembered.ts';
import { uuidBytes } from './uuid-bytes.ts';

/**
 * Digits that name a key and the account that it is of: Signal's numeric fingerprint (version 2, 5200 iterations of SHA-512), which makes
 * it dear to look for a key with similar ones. The key is any bytes: an account key (32) or a device's identity key (33).
 */

/** `key`: base64. */
export type KeyOwner = { readonly accountId: AccountId; readonly key: string };

const HASH_VERSION = Uint8Array.of(0, 0);
const ITERATIONS = 5200;
const GROUPS = 6;
const GROUP_BYTES = 5;
const GROUP_DIGITS = 5;
/** Those that are remembered: one costs thousands of hashes. */
const MAX_REMEMBERED = 500;

const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

const digitsOf = ({ accountId, key: text }: KeyOwner): string => {
  const key = fromBase64(text);
  let hash = sha512(concat(HASH_VERSION, key, uuidBytes(accountId), key));
  for (let count = 1; count < ITERATIONS; count += 1) hash = sha512(concat(hash, key));
  const groups = Array.from({ length: GROUPS }, (_, group) => {
    const bytes = hash.subarray(group * GROUP_BYTES, (group + 1) * GROUP_BYTES);
    const value = bytes.reduce((sum, byte) => sum * 0x100 + byte, 0) % 10 ** GROUP_DIGITS;
    return String(value).padStart(GROUP_DIGITS, '0');
  });
  return groups.join('');
};

const remembered = createRemembered<string>(MAX_REMEMBERED);

/** 30 digits. */
export const fingerprint = (owner: KeyOwner): string => {
  const name = `${owner.accountId} ${owner.key}`;
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const digits = digitsOf(owner);
  remembered.set(name, digits);
  return digits;
};

const DEVICE_DIGITS = 15;

/**
 * 15 digits that name a device of an account, on its own screen and where it is let in. With the cost of each guess they are as good as
 * some 62 bits.
 */
export const deviceDigits = (accountId: AccountId, identityKey: string): string =>
  fingerprint({ accountId, key: identityKey }).slice(0, DEVICE_DIGITS);
