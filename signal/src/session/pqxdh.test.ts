import { describe, expect, test } from 'vitest';
import { agree, keyPairOf } from '../curve.ts';
import { decapsulate } from '../kyber1024.ts';
import { expectCode } from '../testing/signal-error.model.ts';
import { fromHex, loadVectors, recordedRandom, toHex } from '../testing/vectors.model.ts';
import type { LocalDevice } from './address.ts';
import { initiatorRatchet, responderRatchet } from './double-ratchet.ts';
import type { PreKeyLookup } from './new-session.ts';
import { acceptHandshake, initiateHandshake } from './pqxdh.ts';
import { readPreKeyMessage } from './pre-key-message.ts';
import { decryptPreKeyMessage, encrypt, startSession } from './session.ts';

type Party = Record<'name' | 'identityPrivate' | 'identityPublic', string> &
  Record<'deviceId' | 'registrationId', number>;

type Case = {
  oneTime: boolean;
  initiator: Party;
  responder: Party &
    Record<
      'signedPreKeyPrivate' | 'signedPreKeyPublic' | 'signedPreKeySignature' | 'kyberPreKeySignature',
      string
    > &
    Record<'preKeyPrivate' | 'preKeyPublic', string> &
    Record<'signedPreKeyId' | 'preKeyId' | 'kyberPreKeyId' | 'kyberCase', number>;
  dh: string[];
} & Record<'basePrivate' | 'basePublic' | 'ratchetPrivate' | 'kyberSharedSecret', string> &
  Record<'rootKey' | 'chainKey' | 'pqrKey', string> &
  Record<'initiatorRootAfterFirstStep' | 'initiatorSendingChainKey', string> &
  Record<'mlkemSeedOfFirstSend' | 'firstPlaintext' | 'firstMessage', string>;

type KyberCase = Record<'publicKey' | 'secretKey' | 'random' | 'ciphertext', string>;

const { cases } = loadVectors('pqxdh') as { cases: Case[] };
const kyber = (loadVectors('kyber1024') as { cases: KyberCase[] }).cases;

const localOf = (party: Party): LocalDevice => ({
  identity: keyPairOf(fromHex(party.identityPrivate)),
  registrationId: party.registrationId,
  address: { name: party.name, deviceId: party.deviceId },
});

const NOW_MS = 1_900_000_000_000;

describe.each(cases.map((vector, index) => [index, vector] as const))('handshake %i', (_, vector) => {
  const { initiator, responder, oneTime } = vector;
  const { publicKey, secretKey, random: coins, ciphertext } = kyber[responder.kyberCase]!;
  const kyberPreKey = { publicKey: fromHex(publicKey), secretKey: fromHex(secretKey) };
  const signedPreKey = keyPairOf(fromHex(responder.signedPreKeyPrivate));
  const preKey = oneTime ? keyPairOf(fromHex(responder.preKeyPrivate)) : null;
  const split = { rootKey: vector.rootKey, chainKey: vector.chainKey, pqrKey: vector.pqrKey };
  const hexOf = (keys: Record<keyof typeof split, Uint8Array>) => ({
    rootKey: toHex(keys.rootKey),
    chainKey: toHex(keys.chainKey),
    pqrKey: toHex(keys.pqrKey),
  });

  test('the secrets that go in', () => {
    const base = fromHex(vector.basePublic);
    const identity = keyPairOf(fromHex(responder.identityPrivate));
    const secrets = [
      agree(signedPreKey.privateKey, fromHex(initiator.identityPublic)),
      agree(identity.privateKey, base),
      agree(signedPreKey.privateKey, base),
      ...(preKey === null ? [] : [agree(preKey.privateKey, base)]),
    ];
    expect(secrets.map(toHex)).toEqual(vector.dh);
    expect(toHex(decapsulate(kyberPreKey.secretKey, fromHex(ciphertext)))).toBe(vector.kyberSharedSecret);
  });

  test('the initiator', () => {
    const made = initiateHandshake(
      {
        identity: keyPairOf(fromHex(initiator.identityPrivate)),
        remoteIdentity: fromHex(responder.identityPublic),
        signedPreKey: fromHex(responder.signedPreKeyPublic),
        preKey: oneTime ? fromHex(responder.preKeyPublic) : null,
        kyberPreKey: kyberPreKey.publicKey,
      },
      recordedRandom(vector.basePrivate, coins),
    );
    expect(toHex(made.baseKey)).toBe(vector.basePublic);
    expect(toHex(made.kyberCiphertext)).toBe(ciphertext);
    expect(hexOf(made.keys)).toEqual(split);
    const ratchetKey = keyPairOf(fromHex(vector.ratchetPrivate));
    const ratchet = initiatorRatchet(made.keys, signedPreKey.publicKey, ratchetKey);
    expect(toHex(ratchet.rootKey)).toBe(vector.initiatorRootAfterFirstStep);
    expect(toHex(ratchet.sending.chainKey)).toBe(vector.initiatorSendingChainKey);
    expect(ratchet.receiving).toHaveLength(1);
    expect(toHex(ratchet.receiving[0]!.ratchetKey)).toBe(responder.signedPreKeyPublic);
    expect(toHex(ratchet.receiving[0]!.chainKey)).toBe(vector.chainKey);
  });

  const input = {
    identity: keyPairOf(fromHex(responder.identityPrivate)),
    ...{ signedPreKey, preKey, kyberPreKey },
    remoteIdentity: fromHex(initiator.identityPublic),
    baseKey: fromHex(vector.basePublic),
    kyberCiphertext: fromHex(ciphertext),
  };

  test('the responder', () => {
    const keys = acceptHandshake(input);
    expect(hexOf(keys)).toEqual(split);
    const ratchet = responderRatchet(keys, signedPreKey);
    expect(ratchet).toMatchObject({ sending: { ratchetKey: signedPreKey, counter: 0 }, receiving: [] });
    expect(toHex(ratchet.rootKey)).toBe(vector.rootKey);
    expect(toHex(ratchet.sending.chainKey)).toBe(vector.chainKey);
  });

  test('a base key in another form is refused', () => {
    const baseKey = input.baseKey.slice();
    baseKey[32]! |= 0x80;
    expectCode('invalid-message', () => acceptHandshake({ ...input, baseKey }));
  });

  test('a key that agrees on nothing is refused', () => {
    const remoteIdentity = new Uint8Array(33);
    remoteIdentity[0] = 5;
    expectCode('invalid-key', () => acceptHandshake({ ...input, remoteIdentity }));
  });

  const remote = { name: responder.name, deviceId: responder.deviceId };
  const firstMessage = () => {
    const bundle = {
      registrationId: responder.registrationId,
      deviceId: responder.deviceId,
      identityKey: fromHex(responder.identityPublic),
      signedPreKey: {
        id: responder.signedPreKeyId,
        publicKey: fromHex(responder.signedPreKeyPublic),
        signature: fromHex(responder.signedPreKeySignature),
      },
      kyberPreKey: {
        id: responder.kyberPreKeyId,
        publicKey: kyberPreKey.publicKey,
        signature: fromHex(responder.kyberPreKeySignature),
      },
      preKey: oneTime ? { id: responder.preKeyId, publicKey: fromHex(responder.preKeyPublic) } : null,
    };
    const random = recordedRandom(
      vector.basePrivate,
      coins,
      vector.ratchetPrivate,
      vector.mlkemSeedOfFirstSend,
    );
    const record = startSession(localOf(initiator), remote, null, bundle, NOW_MS, random);
    const plaintext = fromHex(vector.firstPlaintext);
    const message = encrypt(localOf(initiator), remote, record, plaintext, NOW_MS, random);
    expect(random.left()).toBe(0);
    return message;
  };

  test('the first message, byte for byte', () => {
    const { type, body } = firstMessage();
    expect(type).toBe('pre-key-message');
    expect(toHex(body)).toBe(vector.firstMessage);
  });

  test('the first message, read', () => {
    const lookup: PreKeyLookup = {
      preKey: (id) => (oneTime && id === responder.preKeyId ? preKey! : undefined),
      signedPreKey: (id) => (id === responder.signedPreKeyId ? signedPreKey : undefined),
      kyberPreKey: (id) => (id === responder.kyberPreKeyId ? kyberPreKey : undefined),
      isUsed: () => false,
    };
    const body = fromHex(vector.firstMessage);
    const sender = localOf(initiator).address;
    const read = decryptPreKeyMessage(localOf(responder), sender, null, lookup, body);
    expect(toHex(read.plaintext)).toBe(vector.firstPlaintext);
    expect(toHex(read.identityKey)).toBe(initiator.identityPublic);
    expect(read.used).toEqual({
      preKeyId: oneTime ? responder.preKeyId : null,
      signedPreKeyId: responder.signedPreKeyId,
      kyberPreKeyId: responder.kyberPreKeyId,
      baseKey: fromHex(vector.basePublic),
    });
    expect(read.record.current).toMatchObject({
      localRegistrationId: responder.registrationId,
      remoteRegistrationId: initiator.registrationId,
      pending: null,
    });
    expect(readPreKeyMessage(body)).toMatchObject({ ...read.used, identityKey: read.identityKey });
  });
});
