import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { concat, equalBytes, wipe } from './bytes.ts';
import type { RandomBytes } from './random.ts';
import { SignalError, type SignalErrorCode } from './signal-error.ts';

/**
 * CRYSTALS-Kyber-1024 of round 3, the KEM of the handshake, out of ML-KEM-1024 (FIPS 203). Sizes and encodings are the
 * same; round 3 hashes the coins first and derives the shared secret once more, from ML-KEM's and the ciphertext.
 * Keys and ciphertexts carry the type byte 0x08, which is part of no hash.
 */

/** Public: 1569 bytes. Secret: 3169 bytes. */
export type KyberKeyPair = { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };

export const KYBER_PUBLIC_KEY_BYTES = 1569;
export const KYBER_SECRET_KEY_BYTES = 3169;
export const KYBER_CIPHERTEXT_BYTES = 1569;

const KYBER1024_TYPE = Uint8Array.of(0x08);
/** A secret key is the secret vector, the public key, its hash and 32 bytes for rejection (FIPS 203, algorithm 16). */
const SECRET_VECTOR_BYTES = 1536;
const HASH_BYTES = 32;
const SEED_BYTES = 64;
const COINS_BYTES = 32;
const SHARED_SECRET_BYTES = 32;

const withoutType = (bytes: Uint8Array, length: number, code: SignalErrorCode): Uint8Array => {
  if (bytes.length !== length || bytes[0] !== KYBER1024_TYPE[0]) throw new SignalError(code);
  return bytes.subarray(1);
};

/** Round 3's last step. Wipes ML-KEM's secret. */
const roundThreeSecret = (mlKemSecret: Uint8Array, ciphertext: Uint8Array): Uint8Array => {
  const input = concat(mlKemSecret, sha3_256(ciphertext));
  const sharedSecret = shake256(input, { dkLen: SHARED_SECRET_BYTES });
  wipe(mlKemSecret, input);
  return sharedSecret;
};

/** Draws 64 bytes. */
export const generateKyberKeyPair = (random: RandomBytes): KyberKeyPair => {
  const seed = random(SEED_BYTES);
  const { publicKey, secretKey } = ml_kem1024.keygen(seed);
  const pair = { publicKey: concat(KYBER1024_TYPE, publicKey), secretKey: concat(KYBER1024_TYPE, secretKey) };
  wipe(seed, secretKey);
  return pair;
};

/**
 * A copy of a public key that came from outside. Only its form is checked.
 *
 * @throws SignalError `invalid-key`
 */
export const parseKyberPublicKey = (bytes: Uint8Array): Uint8Array => {
  withoutType(bytes, KYBER_PUBLIC_KEY_BYTES, 'invalid-key');
  return bytes.slice();
};

/**
 * The pair of a secret key, which holds the public key and its hash.
 *
 * @throws SignalError `invalid-key`
 */
export const kyberKeyPairOf = (secretKey: Uint8Array): KyberKeyPair => {
  const bare = withoutType(secretKey, KYBER_SECRET_KEY_BYTES, 'invalid-key');
  const publicKey = bare.subarray(SECRET_VECTOR_BYTES, SECRET_VECTOR_BYTES + KYBER_PUBLIC_KEY_BYTES - 1);
  const hashStart = SECRET_VECTOR_BYTES + publicKey.length;
  if (!equalBytes(sha3_256(publicKey), bare.subarray(hashStart, hashStart + HASH_BYTES))) {
    throw new SignalError('invalid-key');
  }
  return { publicKey: concat(KYBER1024_TYPE, publicKey), secretKey: secretKey.slice() };
};

/**
 * Ciphertext 1569 bytes, shared secret 32. Draws 32 bytes.
 *
 * @throws SignalError `invalid-key`, also for coefficients ≥ 3329
 */
export const encapsulate = (
  publicKey: Uint8Array,
  random: RandomBytes,
): { ciphertext: Uint8Array; sharedSecret: Uint8Array } => {
  const bare = withoutType(publicKey, KYBER_PUBLIC_KEY_BYTES, 'invalid-key');
  const coins = random(COINS_BYTES);
  const message = sha3_256(coins);
  try {
    const { cipherText, sharedSecret } = ml_kem1024.encapsulate(bare, message);
    return {
      ciphertext: concat(KYBER1024_TYPE, cipherText),
      sharedSecret: roundThreeSecret(sharedSecret, cipherText),
    };
  } catch {
    throw new SignalError('invalid-key');
  } finally {
    wipe(coins, message);
  }
};

/**
 * 32 bytes. A ciphertext that was changed gives another secret, not an error.
 *
 * @throws SignalError `invalid-message` for a ciphertext of a wrong form, `invalid-key` for a wrong secret key
 */
export const decapsulate = (secretKey: Uint8Array, ciphertext: Uint8Array): Uint8Array => {
  const bareKey = withoutType(secretKey, KYBER_SECRET_KEY_BYTES, 'invalid-key');
  const bareText = withoutType(ciphertext, KYBER_CIPHERTEXT_BYTES, 'invalid-message');
  try {
    return roundThreeSecret(ml_kem1024.decapsulate(bareText, bareKey), bareText);
  } catch {
    throw new SignalError('invalid-key');
  }
};
