import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js';
import { hmac as nobleHmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** HMAC-SHA-256 (RFC 2104): 32 bytes. */
export const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array => nobleHmac(sha256, key, data);

/** HKDF-SHA-256 (RFC 5869). Without salt (null) it is 32 zero bytes. */
export const hkdf = (
  salt: Uint8Array | null,
  input: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array => nobleHkdf(sha256, input, salt ?? undefined, info, length);
