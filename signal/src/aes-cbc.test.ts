import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decryptCbc, encryptCbc } from './aes-cbc.ts';
import { concat } from './bytes.ts';
import { errorCodeOf, expectCode } from './testing/signal-error.model.ts';
import { flipBit, fromHex, loadVectors, toHex } from './testing/vectors.model.ts';

type ChainStep = { cipherKey: string; iv: string; plaintext: string; ciphertext: string };

const { chain } = loadVectors('kdf') as { chain: { steps: ChainStep[] } };

test.each(chain.steps)('the vectors: $plaintext', ({ cipherKey, iv, plaintext, ciphertext }) => {
  expect(toHex(encryptCbc(fromHex(cipherKey), fromHex(iv), fromHex(plaintext)))).toBe(ciphertext);
  expect(toHex(decryptCbc(fromHex(cipherKey), fromHex(iv), fromHex(ciphertext)))).toBe(plaintext);
});

test('NIST SP 800-38A, F.2.5 and F.2.6 (the padding block follows)', () => {
  const key = fromHex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');
  const iv = fromHex('000102030405060708090a0b0c0d0e0f');
  const plaintext = fromHex(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51' +
      '30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  );
  const ciphertext = encryptCbc(key, iv, plaintext);
  expect(toHex(ciphertext.subarray(0, 64))).toBe(
    'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d' +
      '39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b',
  );
  expect(ciphertext.length).toBe(80);
  expect(decryptCbc(key, iv, ciphertext)).toEqual(plaintext);
});

describe('padding', () => {
  const key = new Uint8Array(32).fill(3);
  const iv = new Uint8Array(16).fill(5);

  test('is there for every length, and taken off again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (plaintext) => {
        const ciphertext = encryptCbc(key, iv, plaintext);
        expect(ciphertext.length).toBe(16 * (Math.floor(plaintext.length / 16) + 1));
        expect(decryptCbc(key, iv, ciphertext)).toEqual(plaintext);
      }),
    );
  });

  test('is checked in every byte', () => {
    // In a message of one block a bit of the iv is a bit of the padded plaintext.
    const ciphertext = encryptCbc(key, iv, Uint8Array.of(1, 2, 3));
    for (let byte = 3; byte < 15; byte += 1)
      expectCode('invalid-message', () => decryptCbc(key, flipBit(iv, 8 * byte), ciphertext));
    const lastByte = (value: number) => {
      const changed = iv.slice();
      changed[15]! ^= 13 ^ value;
      return errorCodeOf(() => decryptCbc(key, changed, ciphertext));
    };
    for (const value of [0, 12, 14, 16, 17, 255]) expect(lastByte(value)).toBe('invalid-message');
    expect(lastByte(1)).toBe(null);
    expect(lastByte(13)).toBe(null);
  });

  test('no length but a multiple of 16 is read', () => {
    const ciphertext = encryptCbc(key, iv, new Uint8Array(20));
    for (const length of [0, 1, 15, 17, 31])
      expectCode('invalid-message', () => decryptCbc(key, iv, ciphertext.subarray(0, length)));
  });

  test('input at any offset of a buffer is read and left alone', () => {
    const plaintext = new Uint8Array(40).fill(9);
    const ciphertext = encryptCbc(key, iv, plaintext);
    for (const offset of [1, 2, 3, 4]) {
      const shifted = (bytes: Uint8Array) => concat(new Uint8Array(offset), bytes).subarray(offset);
      const inputs = [key, iv, ciphertext, plaintext].map(shifted);
      expect(decryptCbc(inputs[0]!, inputs[1]!, inputs[2]!)).toEqual(plaintext);
      expect(encryptCbc(inputs[0]!, inputs[1]!, inputs[3]!)).toEqual(ciphertext);
      expect(inputs).toEqual([key, iv, ciphertext, plaintext]);
    }
  });
});
