import * as official from '@signalapp/libsignal-client';
import { describe, expect, test } from 'vitest';
import { generateKeyPair, keyPairOf } from './curve.ts';
import {
  generateKyberPreKey,
  generatePreKeyId,
  generatePreKeys,
  generateRegistrationId,
  generateSignedPreKey,
  nextPreKeyId,
  verifyBundle,
  type PreKeyBundle,
} from './pre-keys.ts';
import { systemRandom } from './random.ts';
import { expectCode } from './testing/signal-error.model.ts';
import { flipBit, recordedRandom } from './testing/vectors.model.ts';
import { verify } from './xeddsa.ts';

const identity = generateKeyPair(systemRandom);
const signedPreKey = generateSignedPreKey(7, identity, 1_700_000_000_000, systemRandom);
const kyberPreKey = generateKyberPreKey(8, identity, { isLastResort: true }, 1_700_000_000_000, systemRandom);
const [preKey] = generatePreKeys(9, 1, systemRandom);

const bundle: PreKeyBundle = {
  registrationId: 1234,
  deviceId: 1,
  identityKey: identity.publicKey,
  signedPreKey,
  kyberPreKey,
  preKey: preKey!,
};

describe('ids', () => {
  test('registration ids are 1 to 0x3fff', () => {
    expect(generateRegistrationId(recordedRandom('00000000'))).toBe(1);
    expect(generateRegistrationId(recordedRandom('00003ffe'))).toBe(0x3fff);
    expect(generateRegistrationId(recordedRandom('00003fff'))).toBe(1);
    expect(generateRegistrationId(recordedRandom('ffffffff'))).toBeLessThanOrEqual(0x3fff);
  });

  test('pre-key ids are 1 to 0xffffff, and 1 follows the last', () => {
    expect(generatePreKeyId(recordedRandom('00000000'))).toBe(1);
    expect(generatePreKeyId(recordedRandom('00fffffe'))).toBe(0xff_ffff);
    expect(nextPreKeyId(1)).toBe(2);
    expect(nextPreKeyId(0xff_fffe)).toBe(0xff_ffff);
    expect(nextPreKeyId(0xff_ffff)).toBe(1);
    expect(generatePreKeys(0xff_fffe, 4, systemRandom).map(({ id }) => id)).toEqual([
      0xff_fffe, 0xff_ffff, 1, 2,
    ]);
  });

  test.each([0, -1, 0x100_0000, 1.5, Number.NaN])('%s is no own id', (id) => {
    expectCode('invalid-argument', () => generatePreKeys(id, 1, systemRandom));
    expectCode('invalid-argument', () => generateSignedPreKey(id, identity, 0, systemRandom));
    expectCode('invalid-argument', () =>
      generateKyberPreKey(id, identity, { isLastResort: false }, 0, systemRandom),
    );
  });
});

describe('generation', () => {
  test('makes key pairs that differ', () => {
    const preKeys = generatePreKeys(1, 5, systemRandom);
    expect(new Set(preKeys.map(({ publicKey }) => publicKey.join())).size).toBe(5);
    for (const { publicKey, privateKey } of preKeys)
      expect(keyPairOf(privateKey).publicKey).toEqual(publicKey);
    expect(generatePreKeys(1, 0, systemRandom)).toEqual([]);
  });

  test('signs the public keys with their type bytes', () => {
    expect(verify(identity.publicKey, signedPreKey.publicKey, signedPreKey.signature)).toBe(true);
    expect(verify(identity.publicKey, kyberPreKey.publicKey, kyberPreKey.signature)).toBe(true);
    expect(signedPreKey.publicKey.length).toBe(33);
    expect(kyberPreKey.publicKey.length).toBe(1569);
  });

  test('draws the key pair first, then the nonce of the signature', () => {
    const random = recordedRandom('11'.repeat(32), '22'.repeat(64));
    const made = generateSignedPreKey(1, identity, 5, random);
    expect(made.publicKey).toEqual(keyPairOf(new Uint8Array(32).fill(0x11)).publicKey);
    expect(made.createdMs).toBe(5);
    expect(random.left()).toBe(0);
  });
});

describe('a bundle', () => {
  test('of our making passes, with and without a one-time key', () => {
    verifyBundle(bundle);
    verifyBundle({ ...bundle, preKey: null });
    verifyBundle({ ...bundle, registrationId: 0xffff_ffff, deviceId: 127, preKey: { ...preKey!, id: 0 } });
  });

  test('has signatures that the official package takes', () => {
    const key = official.PublicKey.deserialize(new Uint8Array(identity.publicKey));
    for (const { publicKey, signature } of [signedPreKey, kyberPreKey])
      expect(key.verify(new Uint8Array(publicKey), new Uint8Array(signature))).toBe(true);
  });

  test('of the official package passes', () => {
    const privateKey = official.PrivateKey.generate();
    const signed = official.PrivateKey.generate().getPublicKey().serialize();
    const kyber = official.KEMKeyPair.generate().getPublicKey().serialize();
    verifyBundle({
      ...bundle,
      identityKey: privateKey.getPublicKey().serialize(),
      signedPreKey: { id: 1, publicKey: signed, signature: privateKey.sign(signed) },
      kyberPreKey: { id: 1, publicKey: kyber, signature: privateKey.sign(kyber) },
    });
  });

  const other = generateKeyPair(systemRandom);
  const wrong: Record<string, PreKeyBundle> = {
    'another identity': { ...bundle, identityKey: other.publicKey },
    'another signed pre-key': { ...bundle, signedPreKey: { ...signedPreKey, publicKey: other.publicKey } },
    'a changed signature of the signed pre-key': {
      ...bundle,
      signedPreKey: { ...signedPreKey, signature: flipBit(signedPreKey.signature, 100) },
    },
    'a changed Kyber pre-key': {
      ...bundle,
      kyberPreKey: { ...kyberPreKey, publicKey: flipBit(kyberPreKey.publicKey, 8000) },
    },
    'a changed signature of the Kyber pre-key': {
      ...bundle,
      kyberPreKey: { ...kyberPreKey, signature: flipBit(kyberPreKey.signature, 100) },
    },
    'swapped signatures': {
      ...bundle,
      signedPreKey: { ...signedPreKey, signature: kyberPreKey.signature },
      kyberPreKey: { ...kyberPreKey, signature: signedPreKey.signature },
    },
    'no signature': { ...bundle, signedPreKey: { ...signedPreKey, signature: new Uint8Array(0) } },
    'a one-time key of another type': {
      ...bundle,
      preKey: { id: 1, publicKey: flipBit(preKey!.publicKey, 0) },
    },
    'an identity key cut short': { ...bundle, identityKey: identity.publicKey.subarray(0, 32) },
    'a Kyber key without its type': {
      ...bundle,
      kyberPreKey: { ...kyberPreKey, publicKey: kyberPreKey.publicKey.subarray(1) },
    },
    'device 0': { ...bundle, deviceId: 0 },
    'device 128': { ...bundle, deviceId: 128 },
    'a registration id of 33 bits': { ...bundle, registrationId: 0x1_0000_0000 },
    'a negative key id': { ...bundle, signedPreKey: { ...signedPreKey, id: -1 } },
    'a key id that is no number': { ...bundle, kyberPreKey: { ...kyberPreKey, id: Number.NaN } },
    'a one-time key id of 33 bits': { ...bundle, preKey: { ...preKey!, id: 0x1_0000_0000 } },
  };

  test.each(Object.entries(wrong))('with %s is refused', (_, refused) => {
    expectCode('invalid-bundle', () => verifyBundle(refused));
  });
});
