import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorCodeOf, expectCode } from '../testing/signal-error.model.ts';
import { acquainted, strangers } from './peer.model.ts';
import { decodeSessionRecord, encodeSessionRecord } from './session-record.ts';

/** Records of all kinds: waiting for an answer, with skipped messages, with archived sessions, without any. */
const records = (): Record<string, Uint8Array> => {
  const { alice, bob } = strangers();
  const empty = bob.stored;
  alice.start(bob);
  alice.send(bob, 'one');
  const pending = alice.stored;
  const late = ['two', 'three', 'four', 'five'].map((text) => alice.send(bob, text));
  bob.read(alice, late[3]!);
  bob.read(alice, late[1]!);
  const answering = bob.stored;
  for (let turn = 0; turn < 40; turn += 1) {
    alice.read(bob, bob.send(alice, 'ping'));
    if (turn % 4 === 0) alice.send(bob, 'lost');
    bob.read(alice, alice.send(bob, 'pong'));
  }
  const [owner, encapsulator] = [alice.stored, bob.stored];
  alice.start(bob, false);
  bob.read(alice, alice.send(bob, 'anew'));
  const twoSessions = bob.stored;
  bob.archive();
  return { empty, pending, answering, owner, encapsulator, twoSessions, archived: bob.stored };
};

const isCanonical = (bytes: Uint8Array): boolean =>
  Buffer.from(encodeSessionRecord(decodeSessionRecord(bytes))).equals(bytes);

describe.each(Object.entries(records()))('record %s', (_, bytes) => {
  test('is read and written again byte for byte', () => {
    expect(isCanonical(bytes)).toBe(true);
  });

  test('with any byte changed is refused or is another record', () => {
    let refused = 0;
    for (let index = 0; index < bytes.length; index += 1) {
      for (const mask of [1 << (index % 8), 0xff]) {
        const changed = bytes.with(index, bytes[index]! ^ mask);
        const code = errorCodeOf(() => {
          if (!isCanonical(changed)) throw new Error(`byte ${index} is not kept`);
        });
        if (code !== null) refused += 1;
        expect([null, 'invalid-record']).toContain(code);
      }
    }
    expect(refused).toBeGreaterThan(0);
  });

  test('is refused at any shorter length and with a byte more', () => {
    for (let length = 0; length < bytes.length; length += 1) {
      expectCode('invalid-record', () => decodeSessionRecord(bytes.subarray(0, length)));
    }
    expectCode('invalid-record', () => decodeSessionRecord(Uint8Array.of(...bytes, 0)));
  });

  test('of another version is refused', () => {
    for (const version of [0, 2, 255]) {
      expectCode('invalid-record', () => decodeSessionRecord(bytes.with(0, version)));
    }
  });

  test('does not keep the bytes it was read from', () => {
    const copy = bytes.slice();
    const record = decodeSessionRecord(copy);
    copy.fill(0);
    expect(encodeSessionRecord(record)).toEqual(bytes);
  });
});

test('any bytes are refused as invalid-record, unless they are a record', () => {
  const { pending } = records();
  const damaged = fc
    .tuple(fc.nat({ max: pending!.length }), fc.uint8Array({ maxLength: 64 }))
    .map(([at, bytes]) => Uint8Array.of(...pending!.subarray(0, at), ...bytes));
  const versioned = fc.uint8Array().map((bytes) => Uint8Array.of(1, ...bytes));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), versioned, damaged), (bytes) => {
      const code = errorCodeOf(() => {
        expect(isCanonical(bytes)).toBe(true);
      });
      expect([null, 'invalid-record']).toContain(code);
    }),
  );
});

test('a record survives structuredClone', () => {
  const { alice } = acquainted();
  expect(encodeSessionRecord(structuredClone(alice.record))).toEqual(alice.stored);
});

test('stays under 10 kB through all of the post-quantum ratchet', () => {
  const { alice, bob } = acquainted();
  let largest = 0;
  for (let turn = 0; turn < 150; turn += 1) {
    alice.read(bob, bob.send(alice, 'ping'));
    bob.read(alice, alice.send(bob, 'pong'));
    largest = Math.max(largest, alice.stored.length, bob.stored.length);
  }
  expect(alice.record.current?.spqr.braid.epoch).toBeGreaterThan(3);
  expect(largest).toBeLessThan(10_000);
});
