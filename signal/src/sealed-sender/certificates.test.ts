import * as official from '@signalapp/libsignal-client';
import { describe, expect, test } from 'vitest';
import { generateKeyPair, keyPairOf } from '../curve.ts';
import { encodeFields, type Field } from '../protobuf.ts';
import { systemRandom } from '../random.ts';
import { errorCodeOf, expectCode } from '../testing/signal-error.model.ts';
import { flipBit, fromHex } from '../testing/vectors.model.ts';
import { EXPIRES_MS, newAuthority } from './authority.model.ts';
import { checkSenderCertificate, type CertificateTrust } from './certificate-trust.ts';
import { decodeSenderCertificate, issueSenderCertificate } from './sender-certificate.ts';
import { decodeServerCertificate, issueServerCertificate } from './server-certificate.ts';
import { signContent } from './signed-content.ts';

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
const sender = { name: '9d0652a3-dcc3-4d11-975f-74d61598733f', deviceId: 7 };
const identity = generateKeyPair(systemRandom);
const authority = newAuthority(5);
const { root, server, serverCertificate, trust } = authority;
const bytes = authority.certify(sender, identity.publicKey, '+14155550100');

describe('a server certificate', () => {
  test('is read as it was issued', () => {
    const { keyId, publicKey } = decodeServerCertificate(serverCertificate);
    expect(keyId).toBe(5);
    expect(publicKey).toEqual(server.publicKey);
  });

  test('is read by the official package, and theirs by us', () => {
    const theirs = official.ServerCertificate.deserialize(owned(serverCertificate));
    expect(theirs.keyId()).toBe(5);
    expect(owned(theirs.key().serialize())).toEqual(server.publicKey);
    const issued = official.ServerCertificate.new(
      9,
      official.PublicKey.deserialize(owned(server.publicKey)),
      official.PrivateKey.deserialize(owned(root.privateKey)),
    );
    const decoded = decodeServerCertificate(issued.serialize());
    expect(decoded.keyId).toBe(9);
    expect(decoded.content).toEqual(owned(issued.certificateData()));
  });

  test('that is cut short or lacks a field is refused', () => {
    for (let length = 0; length < serverCertificate.length; length += 1)
      expectCode('invalid-certificate', () => decodeServerCertificate(serverCertificate.subarray(0, length)));
    for (const fields of [
      [[1, 1]],
      [[2, server.publicKey]],
      [
        [1, 1],
        [2, server.publicKey.subarray(1)],
      ],
    ] as readonly (readonly Field[])[])
      expectCode('invalid-certificate', () =>
        decodeServerCertificate(signContent(encodeFields(fields), root.privateKey, systemRandom)),
      );
  });
});

describe('a sender certificate', () => {
  test('is read as it was issued', () => {
    const decoded = decodeSenderCertificate(bytes);
    expect(decoded).toMatchObject({ sender, senderE164: '+14155550100', expiresMs: EXPIRES_MS });
    expect(decoded.identityKey).toEqual(identity.publicKey);
    expect(decoded.signer).toEqual(serverCertificate);
    const withoutNumber = decodeSenderCertificate(authority.certify(sender, identity.publicKey));
    expect(withoutNumber.senderE164).toBe(null);
  });

  test('is read by the official package, and theirs by us', () => {
    const theirs = official.SenderCertificate.deserialize(owned(bytes));
    expect(theirs.senderUuid()).toBe(sender.name);
    expect(theirs.senderDeviceId()).toBe(7);
    expect(theirs.senderE164()).toBe('+14155550100');
    expect(theirs.expiration()).toBe(EXPIRES_MS);
    expect(owned(theirs.key().serialize())).toEqual(identity.publicKey);
    expect(theirs.validate(official.PublicKey.deserialize(owned(root.publicKey)), EXPIRES_MS)).toBe(true);

    const issued = official.SenderCertificate.new(
      sender.name,
      null,
      7,
      official.PublicKey.deserialize(owned(identity.publicKey)),
      EXPIRES_MS,
      official.ServerCertificate.deserialize(owned(serverCertificate)),
      official.PrivateKey.deserialize(owned(server.privateKey)),
    );
    const decoded = decodeSenderCertificate(issued.serialize());
    expect(decoded).toMatchObject({ sender, senderE164: null, expiresMs: EXPIRES_MS });
    checkSenderCertificate(decoded, trust);
  });

  const issue = (fields: readonly Field[], signature = server.privateKey): Uint8Array =>
    signContent(encodeFields(fields), signature, systemRandom);
  const name = new TextEncoder().encode(sender.name);
  const fields: readonly Field[] = [
    [2, 7],
    [3, BigInt(EXPIRES_MS)],
    [4, identity.publicKey],
    [5, serverCertificate],
    [6, name],
  ];
  const without = (number: number) => fields.filter(([known]) => known !== number);
  const replaced = (...changes: readonly Field[]) => [
    ...fields.filter(([known]) => changes.every(([changed]) => changed !== known)),
    ...changes,
  ];

  test('may name the sender by the bytes of the UUID', () => {
    const uuid = fromHex(sender.name.replaceAll('-', ''));
    const decoded = decodeSenderCertificate(issue([...without(6), [7, uuid]]));
    expect(decoded.sender).toEqual(sender);
    checkSenderCertificate(decoded, trust);
  });

  test.each<[string, readonly Field[]]>([
    ['no device', without(2)],
    ['no time', without(3)],
    ['no key', without(4)],
    ['no signer', without(5)],
    ['no name', without(6)],
    ['device 0', replaced([2, 0])],
    ['device 128', replaced([2, 128])],
    ['a time of another type', replaced([3, 1])],
    ['a key of another type', replaced([4, flipBit(identity.publicKey, 0)])],
    ['two names', [...fields, [7, new Uint8Array(16)]]],
    ['two signers', [...fields, [8, 1]]],
    ['a name that is no UTF-8', replaced([6, Uint8Array.of(0xff)])],
    ['a UUID of 15 bytes', [...without(6), [7, new Uint8Array(15)]]],
  ])('with %s is refused', (_, wrong) => {
    expectCode('invalid-certificate', () => decodeSenderCertificate(issue(wrong)));
  });

  test('cut short is refused', () => {
    for (let length = 0; length < bytes.length; length += 1)
      expectCode('invalid-certificate', () => decodeSenderCertificate(bytes.subarray(0, length)));
  });

  test.each([0, 128, 1.5])('is not issued for device %s', (deviceId) => {
    expectCode('invalid-argument', () => authority.certify({ ...sender, deviceId }, identity.publicKey));
  });
});

describe('trust', () => {
  const verdict = (certificate: Uint8Array, changes: Partial<CertificateTrust> = {}) =>
    errorCodeOf(() => checkSenderCertificate(decodeSenderCertificate(certificate), { ...trust, ...changes }));
  const other = generateKeyPair(systemRandom);
  const signedBy = (signer: Uint8Array | number, key = server.privateKey) =>
    issueSenderCertificate(
      { sender, senderE164: null, identityKey: identity.publicKey, expiresMs: EXPIRES_MS, signer },
      key,
    );

  test('is given by any of the roots', () => {
    expect(verdict(bytes)).toBe(null);
    expect(verdict(bytes, { trustRoots: [other.publicKey, root.publicKey] })).toBe(null);
    expect(verdict(bytes, { trustRoots: [other.publicKey] })).toBe('invalid-certificate');
    expect(verdict(bytes, { trustRoots: [] })).toBe('invalid-certificate');
  });

  test('ends after the last millisecond', () => {
    expect(verdict(bytes, { sentMs: EXPIRES_MS })).toBe(null);
    expect(verdict(bytes, { sentMs: EXPIRES_MS + 1 })).toBe('invalid-certificate');
  });

  test('needs the signature of the server that is named', () => {
    expect(verdict(signedBy(serverCertificate, other.privateKey))).toBe('invalid-certificate');
    expect(verdict(signedBy(serverCertificate, root.privateKey))).toBe('invalid-certificate');
  });

  test('is not given by a server that no root has signed', () => {
    const selfMade = issueServerCertificate({ keyId: 5, publicKey: other.publicKey }, other.privateKey);
    expect(verdict(signedBy(selfMade, other.privateKey))).toBe('invalid-certificate');
  });

  test('is gone when the server key is revoked', () => {
    expect(verdict(bytes, { revokedKeyIds: new Set([5]) })).toBe('invalid-certificate');
    expect(verdict(bytes, { revokedKeyIds: new Set([6]) })).toBe(null);
  });

  test('is never given by the test key of revocation, as in the official package', () => {
    const revoked = issueServerCertificate(
      { keyId: 0xdead_c357, publicKey: server.publicKey },
      root.privateKey,
    );
    const certificate = signedBy(revoked);
    expect(verdict(certificate)).toBe('invalid-certificate');
    const theirs = official.SenderCertificate.deserialize(owned(certificate));
    expect(theirs.validate(official.PublicKey.deserialize(owned(root.publicKey)), 0)).toBe(false);
  });

  test('is given by a server certificate that is known by its id', () => {
    const certificate = signedBy(5);
    expect(verdict(certificate)).toBe('invalid-certificate');
    expect(verdict(certificate, { serverCertificates: new Map([[5, serverCertificate]]) })).toBe(null);
    const unknown = new Map([[6, serverCertificate]]);
    expect(verdict(certificate, { serverCertificates: unknown })).toBe('invalid-certificate');
  });

  test('the official package takes our reference to its own test certificate', () => {
    // Its trust root has a private key of zeros, its server one of 0xff.
    const testRoot = keyPairOf(new Uint8Array(32));
    const testServer = keyPairOf(new Uint8Array(32).fill(0xff));
    const theirs = official.SenderCertificate.deserialize(
      owned(signedBy(0x7357_c357, testServer.privateKey)),
    );
    expect(theirs.validate(official.PublicKey.deserialize(owned(testRoot.publicKey)), 0)).toBe(true);
  });

  test('of a certificate with any bit changed is the same as the official one, and never given', () => {
    const key = official.PublicKey.deserialize(owned(root.publicKey));
    const officially = (changed: Uint8Array) => {
      try {
        return official.SenderCertificate.deserialize(owned(changed)).validate(key, EXPIRES_MS);
      } catch {
        return false;
      }
    };
    for (let bit = 0; bit < 8 * bytes.length; bit += 5) {
      const changed = flipBit(bytes, bit);
      expect(errorCodeOf(() => checkSenderCertificate(decodeSenderCertificate(changed), trust))).toBe(
        'invalid-certificate',
      );
      expect(officially(changed)).toBe(false);
    }
    expect(officially(bytes)).toBe(true);
    expect(verdict(bytes)).toBe(null);
  });
});
