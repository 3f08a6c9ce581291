import { x25519 } from '@noble/curves/ed25519.js';
import { concat, wipe } from './bytes.ts';
import { edwardsPointOf, uOf } from './edwards-map.ts';
import type { RandomBytes } from './random.ts';
import { refuse } from './signal-error.ts';

/** Curve25519 keys as Signal encodes them, and X25519 (RFC 7748). */

/** Public: 33 bytes, the type byte 0x05 and the u-coordinate. Private: 32 bytes, clamped. */
export type KeyPair = { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array };

export const PUBLIC_KEY_BYTES = 33;
export const PRIVATE_KEY_BYTES = 32;

const CURVE25519_TYPE = Uint8Array.of(0x05);

/**
 * The pair of a private key. The private key is copied and clamped.
 *
 * @throws SignalError `invalid-key` when it is not 32 bytes
 */
export const keyPairOf = (privateKey: Uint8Array): KeyPair => {
  if (privateKey.length !== PRIVATE_KEY_BYTES) return refuse('invalid-key');
  const clamped = privateKey.slice();
  clamped[0] = (clamped[0] ?? 0) & 0xf8;
  clamped[31] = ((clamped[31] ?? 0) & 0x7f) | 0x40;
  return { publicKey: concat(CURVE25519_TYPE, x25519.getPublicKey(clamped)), privateKey: clamped };
};

/** Whether these bytes have the length and the type of a public key. */
export const hasPublicForm = (bytes: Uint8Array): boolean =>
  bytes.length === PUBLIC_KEY_BYTES && bytes[0] === CURVE25519_TYPE[0];

/** Whether these are 32 clamped bytes. */
export const isPrivateKey = (bytes: Uint8Array): boolean =>
  bytes.length === PRIVATE_KEY_BYTES && ((bytes[0] ?? 0) & 0x07) === 0 && (bytes[31] ?? 0) >> 6 === 1;

/** Draws 32 bytes. */
export const generateKeyPair = (random: RandomBytes): KeyPair => {
  const seed = random(PRIVATE_KEY_BYTES);
  const pair = keyPairOf(seed);
  wipe(seed);
  return pair;
};

/**
 * A copy of a public key that came from outside, in the one form in which keys are made: equal keys are equal bytes.
 * X25519 would read the same key with bit 255 set, too. {@link agree} refuses the useless points.
 *
 * @throws SignalError `invalid-key` when the length or the type byte is another, or the u-coordinate is not below p
 */
export const parsePublicKey = (bytes: Uint8Array): Uint8Array =>
  hasPublicForm(bytes) && uOf(bytes).isReduced ? bytes.slice() : refuse('invalid-key');

/**
 * X25519: 32 bytes. Bit 255 of the u-coordinate is ignored and values ≥ p are reduced.
 *
 * @throws SignalError `invalid-key` when the result is all zero (a point of small order) or the key has a wrong form
 */
export const agree = (privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array => {
  if (!hasPublicForm(publicKey)) return refuse('invalid-key');
  try {
    return x25519.getSharedSecret(privateKey, publicKey.subarray(1));
  } catch {
    return refuse('invalid-key');
  }
};

/**
 * Whether a public key is in its one form and a point of the prime-order subgroup. The base key of a handshake has to
 * be; without the rule one handshake could be replayed under other base keys.
 */
export const isCanonical = (publicKey: Uint8Array): boolean => {
  if (!hasPublicForm(publicKey)) return false;
  const u = uOf(publicKey);
  return u.isReduced && edwardsPointOf(u.value, 0)?.isTorsionFree() === true;
};
