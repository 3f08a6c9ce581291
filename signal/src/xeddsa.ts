import { mulAddUnsafe } from '@noble/curves/abstract/curve.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, wipe } from './bytes.ts';
import { PUBLIC_KEY_BYTES } from './curve.ts';
import { edwardsPointOf, uOf } from './edwards-map.ts';
import type { RandomBytes } from './random.ts';

/**
 * Signatures by Curve25519 keys: XEdDSA (signal.org/docs/specifications/xeddsa) as Signal's own implementation has it.
 * The private key is not negated; the sign of the Edwards public key travels in the top bit of the signature instead.
 */

export const SIGNATURE_BYTES = 64;

const NONCE_BYTES = 64;
/** Sets the nonce's hash apart from every other: no encoded point and no key begins so. */
const NONCE_PREFIX = new Uint8Array(32).fill(0xff).fill(0xfe, 0, 1);
const SIGN_BIT = 0x80;

/** SHA-512 of the parts as a number modulo the order of the base point. */
const hashToScalar = (...parts: readonly Uint8Array[]): bigint => {
  const hash = sha512.create();
  for (const part of parts) hash.update(part);
  const digest = hash.digest();
  const scalar = ed25519.Point.Fn.create(bytesToNumberLE(digest));
  wipe(digest);
  return scalar;
};

/** 64 bytes. Draws 64. The private key is 32 bytes and clamped. */
export const sign = (privateKey: Uint8Array, message: Uint8Array, random: RandomBytes): Uint8Array => {
  const { BASE, Fn } = ed25519.Point;
  const nonceInput = random(NONCE_BYTES);
  const a = Fn.create(bytesToNumberLE(privateKey));
  const publicPoint = BASE.multiply(a).toBytes();
  const r = hashToScalar(NONCE_PREFIX, privateKey, message, nonceInput);
  wipe(nonceInput);
  const commitment = BASE.multiply(r).toBytes();
  const s = Fn.add(r, Fn.mul(hashToScalar(commitment, publicPoint, message), a));
  const signature = concat(commitment, Fn.toBytes(s));
  signature[63] = (signature[63] ?? 0) | ((publicPoint[31] ?? 0) & SIGN_BIT);
  return signature;
};

/**
 * Whether the signature is by the owner of the public key (33 bytes). Wrong lengths are false. Stricter than Signal's
 * own in two points that no signer meets: s with the group order added is refused, and so is the key u = 0 with a sign.
 */
export const verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  const { BASE, Fn } = ed25519.Point;
  const last = signature[63] ?? 0;
  const publicPoint = edwardsPointOf(uOf(publicKey).value, last >> 7);
  const encodedS = signature.slice(32);
  encodedS[31] = last & ~SIGN_BIT;
  const s = bytesToNumberLE(encodedS);
  if (publicPoint === null || !Fn.isValid(s)) return false;
  const commitment = signature.subarray(0, 32);
  const h = hashToScalar(commitment, publicPoint.toBytes(), message);
  const expected = mulAddUnsafe(ed25519.Point, [BASE, publicPoint.negate()], [s, h]);
  return equalBytes(expected.toBytes(), commitment);
};
