import { describe, expect, test } from 'vitest';
import { concat } from '../bytes.ts';
import { hmac } from '../kdf.ts';
import { expectCode } from '../testing/signal-error.model.ts';
import { flipBit, fromHex, toHex } from '../testing/vectors.model.ts';
import { decryptCtr, encryptCtr } from './aes-ctr-hmac.ts';

const keys = {
  cipherKey: fromHex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4'),
  macKey: new Uint8Array(32).fill(7),
};

test('NIST SP 800-38B, D.3: the first block of the key stream is AES-256 of zeros', () => {
  const stream = encryptCtr(keys, new Uint8Array(16)).subarray(0, 16);
  expect(toHex(stream)).toBe('e568f68194cf76d6174d4cc04310a854');
});

test('every message begins at a counter of zero', () => {
  const first = encryptCtr(keys, new Uint8Array(40));
  expect(encryptCtr(keys, new Uint8Array(40))).toEqual(first);
  expect(first.subarray(16, 32)).not.toEqual(first.subarray(0, 16));
});

test('ten bytes of an HMAC over the ciphertext follow', () => {
  const sealed = encryptCtr(keys, Uint8Array.of(1, 2, 3));
  expect(sealed.length).toBe(13);
  expect(sealed.subarray(3)).toEqual(hmac(keys.macKey, sealed.subarray(0, 3)).subarray(0, 10));
});

describe('reading', () => {
  test.each([0, 1, 15, 16, 17, 1000])('%s bytes', (length) => {
    const plaintext = new Uint8Array(length).fill(0x5a);
    expect(decryptCtr(keys, encryptCtr(keys, plaintext))).toEqual(plaintext);
  });

  test('refuses every changed bit and every other length', () => {
    const sealed = encryptCtr(keys, Uint8Array.of(1, 2, 3));
    for (let bit = 0; bit < 8 * sealed.length; bit += 1)
      expectCode('invalid-message', () => decryptCtr(keys, flipBit(sealed, bit)));
    for (let length = 0; length < sealed.length; length += 1)
      expectCode('invalid-message', () => decryptCtr(keys, sealed.subarray(0, length)));
    expectCode('invalid-message', () => decryptCtr(keys, concat(sealed, Uint8Array.of(0))));
  });
});
