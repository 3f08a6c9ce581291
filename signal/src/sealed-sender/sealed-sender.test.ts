import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ascii, concat } from '../bytes.ts';
import { generateKeyPair } from '../curve.ts';
import { systemRandom } from '../random.ts';
import type { LocalDevice } from '../session/address.ts';
import { expectCode } from '../testing/signal-error.model.ts';
import { flipBit, recordedRandom } from '../testing/vectors.model.ts';
import { EXPIRES_MS, newAuthority } from './authority.model.ts';
import { sealEnvelope } from './envelope.ts';
import { decodeSealedContent, encodeSealedContent, type SealedContent } from './sealed-content.ts';
import { sealedDevice } from './sealed-device.model.ts';
import { decryptSealed, encryptSealed, openSealed, seal } from './sealed-sender.ts';

const ALICE = { name: '9d0652a3-dcc3-4d11-975f-74d61598733f', deviceId: 1 };
const BOB = { name: '796abedb-ca4e-4f18-8803-1fde5b921f9f', deviceId: 2 };

const authority = newAuthority();
const { trust } = authority;
const device = (address: typeof ALICE): LocalDevice => ({
  identity: generateKeyPair(systemRandom),
  registrationId: 1,
  address,
});
const [alice, bob] = [device(ALICE), device(BOB)];
const certificate = authority.certify(ALICE, alice.identity.publicKey, '+14155550100');
const content: SealedContent = {
  type: 'sender-key-message',
  certificate,
  body: ascii('a message to a group'),
  hint: 'resendable',
  groupId: ascii('group'),
};
const sealed = seal(alice, bob.identity.publicKey, content);

describe('a sealed message', () => {
  test('is opened by the recipient, who learns the sender', () => {
    expect(openSealed(bob, sealed, trust)).toEqual({
      type: 'sender-key-message',
      body: content.body,
      hint: 'resendable',
      groupId: content.groupId,
      sender: ALICE,
      senderE164: '+14155550100',
      identityKey: alice.identity.publicKey,
    });
  });

  test('shows neither the sender nor anything that comes again', () => {
    const again = seal(alice, bob.identity.publicKey, content);
    const shown = [alice.identity.publicKey.subarray(1), ascii(ALICE.name), content.body];
    for (const bytes of shown) expect(sealed.join().includes(bytes.join())).toBe(false);
    const windows = new Set<string>();
    for (let start = 0; start + 8 <= sealed.length; start += 1)
      windows.add(sealed.subarray(start, start + 8).join());
    for (let start = 0; start + 8 <= again.length; start += 1)
      expect(windows.has(again.subarray(start, start + 8).join())).toBe(false);
  });

  test('draws one key pair', () => {
    const random = recordedRandom('11'.repeat(32));
    seal(alice, bob.identity.publicKey, content, random);
    expect(random.left()).toBe(0);
  });

  test('with a bit changed in any byte is refused', () => {
    // The low half of the version byte is not looked at.
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = flipBit(sealed, 8 * index + (index === 0 ? 4 : index % 8));
      expectCode(index === 0 ? 'unsupported-version' : 'invalid-message', () =>
        openSealed(bob, changed, trust),
      );
    }
  });

  test('cut short or longer is refused', () => {
    for (let length = 0; length < sealed.length; length += 1)
      expectCode('invalid-message', () => openSealed(bob, sealed.subarray(0, length), trust));
    // A byte more is a field without content.
    expectCode('invalid-message', () => openSealed(bob, concat(sealed, Uint8Array.of(0x0a)), trust));
  });

  test.each([0x00, 0x01, 0x22, 0x23, 0x31, 0xff])('of version %i is refused by that name', (version) => {
    const other = concat(Uint8Array.of(version), sealed.subarray(1));
    expectCode('unsupported-version', () => openSealed(bob, other, trust));
  });

  test('for another recipient is refused', () => {
    expectCode('invalid-message', () => openSealed(device(BOB), sealed, trust));
  });

  test('with a certificate of another identity key is refused', () => {
    const mallory = device(ALICE);
    const stolen = sealEnvelope(
      mallory.identity,
      bob.identity.publicKey,
      encodeSealedContent(content),
      systemRandom,
    );
    expectCode('invalid-certificate', () => openSealed(bob, stolen, trust));
  });

  test('with an expired certificate is refused', () => {
    expect(openSealed(bob, sealed, { ...trust, sentMs: EXPIRES_MS }).sender).toEqual(ALICE);
    expectCode('invalid-certificate', () => openSealed(bob, sealed, { ...trust, sentMs: EXPIRES_MS + 1 }));
  });

  test('with a certificate of another trust root is refused', () => {
    expectCode('invalid-certificate', () => openSealed(bob, sealed, newAuthority().trust));
  });

  test('from this device itself is refused, from another of the account it is not', () => {
    const own = seal(alice, alice.identity.publicKey, content);
    expectCode('self-send', () => openSealed(alice, own, trust));
    const otherDevice = { ...alice, address: { ...ALICE, deviceId: 2 } };
    expect(openSealed(otherDevice, own, trust).sender).toEqual(ALICE);
    const sameDeviceId = { ...alice, address: { ...BOB, deviceId: 1 } };
    expect(openSealed(sameDeviceId, own, trust).sender).toEqual(ALICE);
    expectCode('self-send', () => openSealed(sameDeviceId, own, { ...trust, localE164: '+14155550100' }));
    expect(openSealed(sameDeviceId, own, { ...trust, localE164: '+14155550199' }).sender).toEqual(ALICE);
    expect(openSealed(sameDeviceId, own, { ...trust, localE164: null }).sender).toEqual(ALICE);
  });

  test('to or from a key of small order is refused', () => {
    const useless = concat(Uint8Array.of(5), new Uint8Array(32));
    expectCode('invalid-key', () => seal(alice, useless, content));
    const ephemeral = sealed.slice();
    ephemeral.set(useless, 3);
    expectCode('invalid-message', () => openSealed(bob, ephemeral, trust));
  });

  test('is not made with the certificate of another device', () => {
    const wrong = [
      authority.certify(BOB, alice.identity.publicKey),
      authority.certify({ ...ALICE, deviceId: 2 }, alice.identity.publicKey),
      authority.certify(ALICE, bob.identity.publicKey),
      new Uint8Array(0),
    ];
    for (const of of wrong)
      expectCode('invalid-certificate', () =>
        seal(alice, bob.identity.publicKey, { ...content, certificate: of }),
      );
  });
});

describe('the content', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(
        fc.record({
          type: fc.constantFrom(
            'pre-key-message' as const,
            'message' as const,
            'sender-key-message' as const,
            'plaintext-content' as const,
          ),
          certificate: fc.uint8Array(),
          body: fc.uint8Array(),
          hint: fc.constantFrom('default' as const, 'resendable' as const, 'implicit' as const),
          groupId: fc.option(fc.uint8Array({ minLength: 1 })),
        }),
        (any) => {
          expect(decodeSealedContent(encodeSealedContent(any))).toEqual(any);
        },
      ),
    );
  });

  test('of an unknown type or without a field is refused, an unknown hint is the default', () => {
    const bytes = encodeSealedContent({ ...content, groupId: null });
    expect(bytes.subarray(0, 2)).toEqual(Uint8Array.of(0x08, 7));
    for (const type of [0, 3, 6, 9]) {
      const changed = bytes.slice();
      changed[1] = type;
      expectCode('invalid-message', () => decodeSealedContent(changed));
    }
    for (const cut of [bytes.subarray(2), bytes.subarray(0, 2), new Uint8Array(0)])
      expectCode('invalid-message', () => decodeSealedContent(cut));
    expect(decodeSealedContent(concat(bytes, Uint8Array.of(0x20, 9))).hint).toBe('default');
  });
});

describe('with sessions', () => {
  test('two devices of ours talk', () => {
    const [left, right] = [sealedDevice(ALICE, authority), sealedDevice(BOB, authority)];
    left.start(BOB, right.bundle);
    const first = right.decrypt(left.encrypt(BOB, ascii('first')));
    expect(first).toMatchObject({ type: 'pre-key-message', sender: ALICE, plaintext: ascii('first') });
    for (let count = 0; count < 5; count += 1) {
      const answer = left.decrypt(right.encrypt(ALICE, ascii('answer')));
      expect(answer).toMatchObject({ type: 'message', sender: BOB, plaintext: ascii('answer') });
      expect(right.decrypt(left.encrypt(BOB, ascii('next'))).plaintext).toEqual(ascii('next'));
    }
  });

  test('a replay is one', () => {
    const [left, right] = [sealedDevice(ALICE, authority), sealedDevice(BOB, authority)];
    left.start(BOB, right.bundle);
    const body = left.encrypt(BOB, ascii('first'));
    right.decrypt(body);
    expectCode('duplicate-message', () => right.decrypt(body));
  });

  test('without one nothing is sent', () => {
    const empty = { current: null, archived: [] };
    expectCode('no-session', () => encryptSealed(alice, BOB, empty, certificate, ascii('text'), 0));
  });

  const keys = {
    preKey: () => undefined,
    signedPreKey: () => undefined,
    kyberPreKey: () => undefined,
    isUsed: () => false,
  };

  test('messages of other types, and of unknown sessions, are not decrypted', () => {
    const opened = openSealed(bob, sealed, trust);
    expectCode('invalid-message', () => decryptSealed(bob, opened, null, keys));
    expectCode('invalid-message', () =>
      decryptSealed(bob, { ...opened, type: 'plaintext-content' }, null, keys),
    );
    expectCode('no-session', () => decryptSealed(bob, { ...opened, type: 'message' }, null, keys));
  });
});
