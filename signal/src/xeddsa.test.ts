import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import * as official from '@signalapp/libsignal-client';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ascii, concat } from './bytes.ts';
import { generateKeyPair, keyPairOf } from './curve.ts';
import { systemRandom } from './random.ts';
import { flipBit, fromHex, loadVectors, recordedRandom, toHex } from './testing/vectors.model.ts';
import { sign, verify } from './xeddsa.ts';

type XeddsaVectors = {
  sign: {
    privateKey: string;
    publicKey: string;
    message: string;
    random: string;
    signature: string;
    signBit: number;
  }[];
  verify: {
    note: string;
    publicKey: string;
    message: string;
    signature: string;
    valid: boolean;
    mayRefuse?: boolean;
  }[];
  alternateIdentity: { publicKey: string; otherKey: string; signature: string };
};

const vectors = loadVectors('xeddsa') as XeddsaVectors;

describe('the vectors', () => {
  test.each(vectors.sign)(
    'sign with $privateKey',
    ({ privateKey, publicKey, message, random, signature, signBit }) => {
      const made = sign(fromHex(privateKey), fromHex(message), recordedRandom(random));
      expect(toHex(made)).toBe(signature);
      expect(made[63]! >> 7).toBe(signBit);
      expect(verify(fromHex(publicKey), fromHex(message), made)).toBe(true);
    },
  );

  test('hold both values of the sign bit', () => {
    expect(new Set(vectors.sign.map(({ signBit }) => signBit))).toEqual(new Set([0, 1]));
  });

  test.each(vectors.verify)('verify: $note', ({ publicKey, message, signature, valid, mayRefuse }) => {
    const expected = valid && mayRefuse !== true;
    expect(verify(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(expected);
  });

  test('an identity signs another one', () => {
    const { publicKey, otherKey, signature } = vectors.alternateIdentity;
    const prefix = new Uint8Array(32).fill(0xff);
    const message = concat(prefix, ascii('Signal_PNI_Signature'), fromHex(otherKey));
    expect(verify(fromHex(publicKey), message, fromHex(signature))).toBe(true);
  });
});

describe('RFC 8032, section 7.1: an Ed25519 signature with the sign bit of its key is one of XEdDSA', () => {
  test.each([
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ])('%s', (seed, message, signature) => {
    const { publicKey } = keyPairOf(sha512(fromHex(seed)).subarray(0, 32));
    const signBit = ed25519.getPublicKey(fromHex(seed))[31]! & 0x80;
    const signed = fromHex(signature);
    signed[63]! |= signBit;
    expect(verify(publicKey, fromHex(message), signed)).toBe(true);
    expect(verify(publicKey, fromHex(message), flipBit(signed, 511))).toBe(false);
  });
});

test('what was signed verifies, and no other message, key or signature', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(511),
      fc.nat(),
      (seed, message, signatureBit, anyBit) => {
        const { publicKey, privateKey } = keyPairOf(seed);
        const signature = sign(privateKey, message, systemRandom);
        expect(verify(publicKey, message, signature)).toBe(true);
        expect(verify(publicKey, message, flipBit(signature, signatureBit))).toBe(false);
        const keyBit = 8 + (anyBit % 255);
        expect(verify(flipBit(publicKey, keyBit), message, signature)).toBe(false);
        if (message.length > 0)
          expect(verify(publicKey, flipBit(message, anyBit % (8 * message.length)), signature)).toBe(false);
      },
    ),
    { numRuns: 25 },
  );
});

describe('with the official package', () => {
  const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
  const officially = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
    official.PublicKey.deserialize(owned(publicKey)).verify(owned(message), owned(signature));

  test('each takes the signatures of the other, of keys with both signs', () => {
    const signs = new Set<number>();
    for (let count = 0; count < 20; count += 1) {
      const { publicKey, privateKey } = generateKeyPair(systemRandom);
      const message = systemRandom(count);
      const ours = sign(privateKey, message, systemRandom);
      const theirs = official.PrivateKey.deserialize(owned(privateKey)).sign(owned(message));
      expect(officially(publicKey, message, ours)).toBe(true);
      expect(verify(publicKey, message, theirs)).toBe(true);
      signs.add(ours[63]! >> 7);
    }
    expect(signs.size).toBe(2);
  });

  test('both say the same of any key and any signature', () => {
    const message = ascii('message');
    const { publicKey, privateKey } = generateKeyPair(systemRandom);
    const signature = sign(privateKey, message, systemRandom);
    const key = (bit: number) => flipBit(publicKey, 8 + bit);
    for (let bit = 0; bit < 256; bit += 3)
      expect([bit, verify(key(bit), message, signature)]).toEqual([
        bit,
        officially(key(bit), message, signature),
      ]);
    for (let bit = 0; bit < 512; bit += 5) {
      const changed = flipBit(signature, bit);
      expect([bit, verify(publicKey, message, changed)]).toEqual([
        bit,
        officially(publicKey, message, changed),
      ]);
    }
  });
});

test('a wrong length is false, not an error', () => {
  const { publicKey, privateKey } = keyPairOf(new Uint8Array(32).fill(7));
  const message = ascii('message');
  const signature = sign(privateKey, message, systemRandom);
  for (const length of [0, 1, 32, 63])
    expect(verify(publicKey, message, signature.subarray(0, length))).toBe(false);
  expect(verify(publicKey, message, concat(signature, Uint8Array.of(0)))).toBe(false);
  for (const length of [0, 1, 32])
    expect(verify(publicKey.subarray(0, length), message, signature)).toBe(false);
  expect(verify(publicKey.subarray(1), message, signature)).toBe(false);
  expect(verify(concat(publicKey, Uint8Array.of(0)), message, signature)).toBe(false);
});

test('the same draw signs two messages under two nonces', () => {
  const { privateKey } = keyPairOf(new Uint8Array(32).fill(7));
  const zeros = () => new Uint8Array(64);
  const first = sign(privateKey, ascii('a'), zeros);
  const second = sign(privateKey, ascii('b'), zeros);
  expect(first.subarray(0, 32)).not.toEqual(second.subarray(0, 32));
});
