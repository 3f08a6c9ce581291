import { describe, expect, test } from 'vitest';
import { concat } from './bytes.ts';
import { generateKeyPair } from './curve.ts';
import {
  decodeKyberPreKey,
  decodePreKey,
  decodeSignedPreKey,
  encodeKyberPreKey,
  encodePreKey,
  encodeSignedPreKey,
} from './pre-key-records.ts';
import { generateKyberPreKey, generatePreKeys, generateSignedPreKey } from './pre-keys.ts';
import { openRecord, sealRecord } from './record-seal.ts';
import { systemRandom } from './random.ts';
import { expectCode } from './testing/signal-error.model.ts';

const identity = generateKeyPair(systemRandom);
const [preKey] = generatePreKeys(0xab_cdef, 1, systemRandom);
const signed = generateSignedPreKey(2, identity, 1_700_000_000_123, systemRandom);
const kyber = (isLastResort: boolean) =>
  generateKyberPreKey(3, identity, { isLastResort }, 1_700_000_000_123, systemRandom);
const oneTime = kyber(false);
const lastResort = kyber(true);

const forms = [
  {
    name: 'pre-key',
    key: preKey,
    bytes: encodePreKey(preKey!),
    decode: decodePreKey,
    again: (bytes: Uint8Array) => encodePreKey(decodePreKey(bytes)),
    size: 41,
  },
  {
    name: 'signed pre-key',
    key: signed,
    bytes: encodeSignedPreKey(signed),
    decode: decodeSignedPreKey,
    again: (bytes: Uint8Array) => encodeSignedPreKey(decodeSignedPreKey(bytes)),
    size: 113,
  },
  ...[oneTime, lastResort].map((key) => ({
    name: key.isLastResort ? 'Kyber pre-key of last resort' : 'Kyber pre-key',
    key,
    bytes: encodeKyberPreKey(key),
    decode: decodeKyberPreKey,
    again: (bytes: Uint8Array) => encodeKyberPreKey(decodeKyberPreKey(bytes)),
    size: 3251,
  })),
];

describe.each(forms)('$name', ({ key, bytes, decode, again, size }) => {
  test('is the same when it is read back', () => {
    expect(decode(bytes)).toEqual(key);
    expect(again(bytes)).toEqual(bytes);
    expect(bytes.length).toBe(size);
  });

  test('is refused when it is damaged', () => {
    for (let length = 0; length < bytes.length; length += length < 120 ? 1 : 97)
      expectCode('invalid-record', () => decode(bytes.subarray(0, length)));
    expectCode('invalid-record', () => decode(concat(bytes, Uint8Array.of(0))));
    for (let offset = 0; offset < bytes.length; offset += 1)
      expectCode('invalid-record', () => decode(bytes.with(offset, bytes[offset]! ^ 1)));
  });

  test('is refused when it is of another version', () => {
    for (const version of [0, 2, 255])
      expectCode('invalid-record', () => decode(sealRecord(openRecord(bytes).with(0, version))));
  });
});

/** A record whose writer made one bit wrong. */
const withBit = (bytes: Uint8Array, offset: number, bit: number): Uint8Array => {
  const record = openRecord(bytes);
  return sealRecord(record.with(offset, record[offset]! ^ bit));
};

test('a private key that is not clamped is refused', () => {
  const bytes = encodePreKey(preKey!);
  for (const [offset, bit] of [
    [5, 1],
    [36, 0x80],
    [36, 0x40],
  ] as const) {
    expectCode('invalid-record', () => decodePreKey(withBit(bytes, offset, bit)));
  }
});

test('a Kyber key is refused when its flag, type, public key or hash is changed', () => {
  const bytes = encodeKyberPreKey(oneTime);
  for (const offset of [5, 6, 6 + 1600, 6 + 3169 - 40]) {
    expectCode('invalid-record', () => decodeKyberPreKey(withBit(bytes, offset, 0x02)));
  }
});

test('a time beyond 2^53 is refused', () => {
  const bytes = openRecord(encodeSignedPreKey(signed)).with(37, 0xff);
  expectCode('invalid-record', () => decodeSignedPreKey(sealRecord(bytes)));
});
