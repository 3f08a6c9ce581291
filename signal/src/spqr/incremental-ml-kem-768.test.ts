import { sha3_256 } from '@noble/hashes/sha3.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { describe, expect, test } from 'vitest';
import { concat } from '../bytes.ts';
import { systemRandom } from '../random.ts';
import { flipBit, fromHex, loadVectors, toHex } from '../testing/vectors.model.ts';
import {
  CIPHERTEXT_1_BYTES,
  CIPHERTEXT_2_BYTES,
  decapsulate,
  encapsulateFirst,
  encapsulateSecond,
  ENCAPSULATION_KEY_BYTES,
  ENCAPSULATION_SECRET_BYTES,
  HEADER_BYTES,
  matchesHeader,
  MESSAGE_BYTES,
  publicKeyOf,
  SEED_BYTES,
} from './incremental-ml-kem-768.ts';

const vectors = loadVectors('spqr') as Record<
  'seed' | 'decapsulationKey' | 'encapsulationKey' | 'header' | 'random' | 'ct1' | 'ct2' | 'sharedSecret',
  string
>;

test('the vector', () => {
  const { header, encapsulationKey } = publicKeyOf(fromHex(vectors.seed));
  expect(toHex(header)).toBe(vectors.header);
  expect(toHex(encapsulationKey)).toBe(vectors.encapsulationKey);
  expect(toHex(ml_kem768.keygen(fromHex(vectors.seed)).secretKey)).toBe(vectors.decapsulationKey);
  expect(matchesHeader(encapsulationKey, header)).toBe(true);

  const first = encapsulateFirst(header, fromHex(vectors.random));
  expect(toHex(first.ciphertext1)).toBe(vectors.ct1);
  expect(toHex(first.sharedSecret)).toBe(vectors.sharedSecret);
  expect(toHex(encapsulateSecond(encapsulationKey, first.secret))).toBe(vectors.ct2);
  expect(toHex(decapsulate(fromHex(vectors.seed), fromHex(vectors.ct1 + vectors.ct2)))).toBe(
    vectors.sharedSecret,
  );
});

test('both steps together are the encapsulation of FIPS 203, 100 times', () => {
  for (let run = 0; run < 100; run += 1) {
    const seed = systemRandom(SEED_BYTES);
    const message = systemRandom(MESSAGE_BYTES);
    const { header, encapsulationKey } = publicKeyOf(seed);
    const { publicKey } = ml_kem768.keygen(seed);
    const whole = ml_kem768.encapsulate(publicKey, message);
    const first = encapsulateFirst(header, message);
    const second = encapsulateSecond(encapsulationKey, first.secret);
    expect(toHex(concat(first.ciphertext1, second))).toBe(toHex(whole.cipherText));
    expect(toHex(first.sharedSecret)).toBe(toHex(whole.sharedSecret));
    expect(toHex(decapsulate(seed, whole.cipherText))).toBe(toHex(whole.sharedSecret));
  }
});

describe('FIPS 203', () => {
  const seed = systemRandom(SEED_BYTES);
  const { header, encapsulationKey } = publicKeyOf(seed);
  const first = encapsulateFirst(header, systemRandom(MESSAGE_BYTES));
  const second = encapsulateSecond(encapsulationKey, first.secret);

  test('sizes (table 3): 1184 bytes of encapsulation key, 1088 of ciphertext, 32 of secret', () => {
    expect(encapsulationKey.length).toBe(ENCAPSULATION_KEY_BYTES);
    expect(encapsulationKey.length + 32).toBe(1184);
    expect(header.length).toBe(HEADER_BYTES);
    expect(first.ciphertext1.length).toBe(CIPHERTEXT_1_BYTES);
    expect(second.length).toBe(CIPHERTEXT_2_BYTES);
    expect(CIPHERTEXT_1_BYTES + CIPHERTEXT_2_BYTES).toBe(1088);
    expect(first.sharedSecret.length).toBe(32);
    expect(first.secret.length).toBe(ENCAPSULATION_SECRET_BYTES);
  });

  test('the header is ρ and the hash H(ek) of both in the order of the standard', () => {
    const { publicKey } = ml_kem768.keygen(seed);
    expect(publicKey).toEqual(concat(encapsulationKey, header.subarray(0, 32)));
    expect(header.subarray(32)).toEqual(sha3_256(publicKey));
  });

  test('a changed ciphertext gives another secret, always the same (implicit rejection)', () => {
    const changed = flipBit(concat(first.ciphertext1, second), 8 * 1000);
    const rejected = decapsulate(seed, changed);
    expect(rejected).not.toEqual(first.sharedSecret);
    expect(decapsulate(seed, changed)).toEqual(rejected);
  });

  test('inputs stay as they are', () => {
    const inputs = [header, encapsulationKey, first.secret, seed].map((bytes) => bytes.slice());
    encapsulateFirst(header, systemRandom(MESSAGE_BYTES));
    encapsulateSecond(encapsulationKey, first.secret);
    decapsulate(seed, concat(first.ciphertext1, second));
    matchesHeader(encapsulationKey, header);
    expect([header, encapsulationKey, first.secret, seed]).toEqual(inputs);
  });
});

describe('the check of t̂ against its header', () => {
  const { header, encapsulationKey } = publicKeyOf(systemRandom(SEED_BYTES));
  const headerOf = (key: Uint8Array): Uint8Array => {
    const rho = header.slice(0, 32);
    return concat(rho, sha3_256(concat(key, rho)));
  };
  /** With coefficient `index` set. */
  const withCoefficient = (index: number, value: number): Uint8Array => {
    const key = encapsulationKey.slice();
    const at = (index >> 1) * 3;
    if (index % 2 === 0) {
      key[at] = value & 0xff;
      key[at + 1] = (key[at + 1]! & 0xf0) | (value >> 8);
    } else {
      key[at + 1] = (key[at + 1]! & 0x0f) | ((value & 0x0f) << 4);
      key[at + 2] = value >> 4;
    }
    return key;
  };

  test('refuses any other t̂ or header', () => {
    for (const bit of [0, 1, 1151 * 8 + 7, 4444]) {
      expect(matchesHeader(flipBit(encapsulationKey, bit), header)).toBe(false);
    }
    for (const bit of [0, 255, 256, 511]) {
      expect(matchesHeader(encapsulationKey, flipBit(header, bit))).toBe(false);
    }
  });

  test.each([0, 1, 255, 256, 511, 766, 767])('takes 3328 and refuses 3329 in coefficient %i', (index) => {
    const largest = withCoefficient(index, 3328);
    expect(matchesHeader(largest, headerOf(largest))).toBe(true);
    for (const value of [3329, 4095]) {
      const tooLarge = withCoefficient(index, value);
      expect(matchesHeader(tooLarge, headerOf(tooLarge))).toBe(false);
    }
  });
});
