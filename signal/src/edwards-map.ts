import type { EdwardsPoint } from '@noble/curves/abstract/edwards.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';

/** From Curve25519's u-coordinates to points of the Edwards curve (RFC 7748, section 4.1). */

/** The u-coordinate of a public key (33 bytes) modulo p, and whether its 32 bytes were below p as they stand. */
export const uOf = (publicKey: Uint8Array): { readonly value: bigint; readonly isReduced: boolean } => {
  const { Fp } = ed25519.Point;
  const bytes = publicKey.slice(1);
  const isHighBitClear = (bytes[31] ?? 0) < 0x80;
  bytes[31] = (bytes[31] ?? 0) & 0x7f;
  const value = bytesToNumberLE(bytes);
  return { value: Fp.create(value), isReduced: isHighBitClear && Fp.isValid(value) };
};

/** The point with y = (u - 1) / (u + 1) whose x is odd if `sign` is 1; null if there is none. */
export const edwardsPointOf = (u: bigint, sign: number): EdwardsPoint | null => {
  const { Fp } = ed25519.Point;
  const divisor = Fp.add(u, Fp.ONE);
  if (Fp.is0(divisor)) return null;
  const encoded = Fp.toBytes(Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(divisor)));
  encoded[31] = (encoded[31] ?? 0) | (sign << 7);
  try {
    return ed25519.Point.fromBytes(encoded);
  } catch {
    return null;
  }
};
