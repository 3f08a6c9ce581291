import { describe, expect, test } from 'vitest';
import { keyPairOf } from '../curve.ts';
import { errorCodeOf } from '../testing/signal-error.model.ts';
import { fromHex, loadVectors, toHex } from '../testing/vectors.model.ts';
import type { PreKeyLookup } from './new-session.ts';
import { decryptPreKeyMessage } from './session.ts';

/** First messages made by hand, with the verdict of the official package. */

type Receiver = Record<'name' | 'identityPrivate' | 'signedPreKeyPrivate' | 'kyberPreKeySecret', string> &
  Record<'deviceId' | 'registrationId' | 'signedPreKeyId' | 'kyberPreKeyId', number>;

type Case = {
  note: string;
  remoteName: string;
  remoteDeviceId: number;
  body: string;
  result: 'ok' | 'refused';
  /** The official package is lax here; nobody relies on it. */
  mayRefuse?: boolean;
  plaintext?: string;
};

const { receiver, cases } = loadVectors('acceptance-cases') as { receiver: Receiver; cases: Case[] };

const local = {
  identity: keyPairOf(fromHex(receiver.identityPrivate)),
  registrationId: receiver.registrationId,
  address: { name: receiver.name, deviceId: receiver.deviceId },
};
const signedPreKey = keyPairOf(fromHex(receiver.signedPreKeyPrivate));
const kyberPreKey = { publicKey: new Uint8Array(0), secretKey: fromHex(receiver.kyberPreKeySecret) };
const lookup: PreKeyLookup = {
  preKey: () => undefined,
  signedPreKey: (id) => (id === receiver.signedPreKeyId ? signedPreKey : undefined),
  kyberPreKey: (id) => (id === receiver.kyberPreKeyId ? kyberPreKey : undefined),
  isUsed: () => false,
};

const read = ({ remoteName, remoteDeviceId, body }: Case) =>
  decryptPreKeyMessage(local, { name: remoteName, deviceId: remoteDeviceId }, null, lookup, fromHex(body));

describe('read', () => {
  const accepted = cases.filter(({ result, mayRefuse }) => result === 'ok' && mayRefuse !== true);
  test.each(accepted)('$note', (vector) => {
    expect(toHex(read(vector).plaintext)).toBe(vector.plaintext);
  });
});

describe('refused', () => {
  const refused = cases.filter(({ result }) => result === 'refused');
  test.each(refused)('$note', (vector) => {
    const isUnknown = vector.note.startsWith('unknown');
    expect(errorCodeOf(() => read(vector))).toBe(isUnknown ? 'unknown-pre-key' : 'invalid-message');
  });
});

describe('read or refused', () => {
  const lax = cases.filter(({ mayRefuse }) => mayRefuse === true);
  test.each(lax)('$note', (vector) => {
    const code = errorCodeOf(() => {
      expect(toHex(read(vector).plaintext)).toBe(vector.plaintext);
    });
    expect([null, 'invalid-message']).toContain(code);
  });
});
