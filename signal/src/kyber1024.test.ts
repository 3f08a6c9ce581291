import { describe, expect, test } from 'vitest';
import { concat } from './bytes.ts';
import {
  KYBER_CIPHERTEXT_BYTES,
  KYBER_PUBLIC_KEY_BYTES,
  KYBER_SECRET_KEY_BYTES,
  decapsulate,
  encapsulate,
  generateKyberKeyPair,
  kyberKeyPairOf,
  parseKyberPublicKey,
} from './kyber1024.ts';
import { systemRandom } from './random.ts';
import { expectCode } from './testing/signal-error.model.ts';
import { flipBit, fromHex, loadVectors, recordedRandom, toHex } from './testing/vectors.model.ts';

type KyberVectors = {
  cases: {
    publicKey: string;
    secretKey: string;
    random: string;
    ciphertext: string;
    sharedSecret: string;
  }[];
  rejection: { secretKey: string; ciphertext: string; sharedSecret: string }[];
};

const vectors = loadVectors('kyber1024') as KyberVectors;

describe('the vectors', () => {
  test.each(vectors.cases)('case %#', ({ publicKey, secretKey, random, ciphertext, sharedSecret }) => {
    const made = encapsulate(fromHex(publicKey), recordedRandom(random));
    expect(toHex(made.ciphertext)).toBe(ciphertext);
    expect(toHex(made.sharedSecret)).toBe(sharedSecret);
    expect(toHex(decapsulate(fromHex(secretKey), fromHex(ciphertext)))).toBe(sharedSecret);
  });

  test.each(vectors.rejection)('implicit rejection %#', ({ secretKey, ciphertext, sharedSecret }) => {
    expect(toHex(decapsulate(fromHex(secretKey), fromHex(ciphertext)))).toBe(sharedSecret);
  });
});

describe('own keys', () => {
  const { publicKey, secretKey } = generateKyberKeyPair(systemRandom);
  const { ciphertext, sharedSecret } = encapsulate(publicKey, systemRandom);

  test('have the sizes of the standard and the type byte', () => {
    expect(publicKey.length).toBe(KYBER_PUBLIC_KEY_BYTES);
    expect(secretKey.length).toBe(KYBER_SECRET_KEY_BYTES);
    expect(ciphertext.length).toBe(KYBER_CIPHERTEXT_BYTES);
    expect([publicKey[0], secretKey[0], ciphertext[0]]).toEqual([8, 8, 8]);
  });

  test('are of one draw of 64 bytes (d, then z, which ends the secret key)', () => {
    const seed = systemRandom(64);
    const random = recordedRandom(toHex(seed));
    const pair = generateKyberKeyPair(random);
    expect(random.left()).toBe(0);
    expect(pair.secretKey.slice(-32)).toEqual(seed.slice(32));
  });

  test('give both sides one secret', () => {
    expect(decapsulate(secretKey, ciphertext)).toEqual(sharedSecret);
  });

  test('give another secret for a changed ciphertext, always the same', () => {
    const changed = flipBit(ciphertext, 8 * 700);
    const rejected = decapsulate(secretKey, changed);
    expect(rejected).not.toEqual(sharedSecret);
    expect(decapsulate(secretKey, changed)).toEqual(rejected);
  });

  test('of a wrong form are refused', () => {
    const cut = (bytes: Uint8Array) => bytes.subarray(0, -1);
    const longer = (bytes: Uint8Array) => concat(bytes, Uint8Array.of(0));
    const retyped = (bytes: Uint8Array) => flipBit(bytes, 0);
    const bare = (bytes: Uint8Array) => bytes.subarray(1);
    for (const change of [cut, longer, retyped, bare]) {
      expectCode('invalid-key', () => parseKyberPublicKey(change(publicKey)));
      expectCode('invalid-key', () => encapsulate(change(publicKey), systemRandom));
      expectCode('invalid-key', () => decapsulate(change(secretKey), ciphertext));
      expectCode('invalid-message', () => decapsulate(secretKey, change(ciphertext)));
    }
  });

  test('with a coefficient of 3329 or more are refused (FIPS 203, section 7.2)', () => {
    const wrong = publicKey.slice();
    wrong[1] = 0xff;
    wrong[2] = 0xff;
    expectCode('invalid-key', () => encapsulate(wrong, systemRandom));
  });

  test('with a changed hash of the public key are refused (FIPS 203, section 7.3)', () => {
    expectCode('invalid-key', () => decapsulate(flipBit(secretKey, 8 * (3169 - 40)), ciphertext));
  });

  test('are made of the secret key again', () => {
    expect(kyberKeyPairOf(secretKey)).toEqual({ publicKey, secretKey });
    for (const byte of [1600, 3169 - 40])
      expectCode('invalid-key', () => kyberKeyPairOf(flipBit(secretKey, 8 * byte)));
    expectCode('invalid-key', () => kyberKeyPairOf(secretKey.subarray(1)));
  });

  test('are copied when they are parsed', () => {
    const received = concat(Uint8Array.of(0), publicKey);
    const parsed = parseKyberPublicKey(received.subarray(1));
    received.fill(0);
    expect(parsed).toEqual(publicKey);
  });
});
