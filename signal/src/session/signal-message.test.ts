import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../testing/signal-error.model.ts';
import { flipBit, fromHex, loadVectors, toHex } from '../testing/vectors.model.ts';
import { decodeSignalMessage, encodeSignalMessage, hasValidMac } from './signal-message.ts';

type MessageVector = Record<'macKey' | 'senderIdentity' | 'receiverIdentity' | 'ratchetKey', string> &
  Record<'ciphertext' | 'pqRatchet' | 'message', string> &
  Record<'counter' | 'previousCounter', number>;

const vectors = (loadVectors('messages') as { signalMessage: MessageVector[] }).signalMessage;

describe.each(vectors)('message with counter $counter of the official package', (vector) => {
  const macKey = fromHex(vector.macKey);
  const identities = { sender: fromHex(vector.senderIdentity), receiver: fromHex(vector.receiverIdentity) };
  const bytes = fromHex(vector.message);
  const message = {
    ratchetKey: fromHex(vector.ratchetKey),
    ...{ counter: vector.counter, previousCounter: vector.previousCounter },
    ciphertext: fromHex(vector.ciphertext),
    pqRatchet: fromHex(vector.pqRatchet),
    addresses: null,
  };

  test('written and read', () => {
    expect(toHex(encodeSignalMessage(message, macKey, identities))).toBe(vector.message);
    expect(decodeSignalMessage(bytes)).toEqual(message);
    expect(hasValidMac(bytes, macKey, identities)).toBe(true);
  });

  test('every bit and both identities are under the MAC', () => {
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      expect(hasValidMac(flipBit(bytes, bit), macKey, identities)).toBe(false);
    }
    const swapped = { sender: identities.receiver, receiver: identities.sender };
    expect(hasValidMac(bytes, macKey, swapped)).toBe(false);
    expect(hasValidMac(bytes, flipBit(macKey, 9), identities)).toBe(false);
  });
});

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** With bit 255 clear. */
const publicKey = key.map((bytes) => Uint8Array.of(5, ...bytes.with(31, bytes[31]! & 0x7f)));
const uint32 = fc.nat({ max: 0xffff_ffff });

test('what is written is read, with any fields', () => {
  const messages = fc.record({
    ...{ ratchetKey: publicKey, counter: uint32, previousCounter: uint32 },
    ciphertext: fc.uint8Array(),
    pqRatchet: fc.uint8Array(),
    addresses: fc.option(fc.uint8Array()),
  });
  fc.assert(
    fc.property(messages, key, publicKey, publicKey, (message, macKey, sender, receiver) => {
      const bytes = encodeSignalMessage(message, macKey, { sender, receiver });
      expect(decodeSignalMessage(bytes)).toEqual(message);
      expect(hasValidMac(bytes, macKey, { sender, receiver })).toBe(true);
    }),
  );
});

test('any bytes are read or refused as invalid-message', () => {
  const versioned = fc.uint8Array({ maxLength: 80 }).map((bytes) => Uint8Array.of(0x44, ...bytes));
  fc.assert(
    fc.property(fc.oneof(versioned, fc.uint8Array()), (bytes) => {
      let message;
      try {
        message = decodeSignalMessage(bytes);
      } catch {
        expectCode('invalid-message', () => decodeSignalMessage(bytes));
      }
      if (message !== undefined) expect(message.ratchetKey).toHaveLength(33);
    }),
  );
});

test.each([
  ['nothing at all', ''],
  ['a version and seven bytes', '4400000000000000'],
  ['a version and a MAC', '440000000000000000'],
])('%s is refused', (_, hex) => {
  expectCode('invalid-message', () => decodeSignalMessage(fromHex(hex)));
});
