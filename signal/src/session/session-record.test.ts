import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openRecord, sealRecord } from '../record-seal.ts';
import { errorCodeOf, expectCode } from '../testing/signal-error.model.ts';
import { acquainted, strangers } from './peer.model.ts';
import { decodeSessionRecord, encodeSessionRecord } from './session-record.ts';
import { SKIPPED_ENTRY_BYTES } from './skipped-seeds.ts';

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

  test('with any byte changed is refused', () => {
    for (const [index, byte] of bytes.entries())
      expectCode('invalid-record', () => decodeSessionRecord(bytes.with(index, byte ^ (1 << (index % 8)))));
  });

  test('written with any byte wrong is refused or is another record', () => {
    const content = openRecord(bytes);
    let refused = 0;
    for (const [index, byte] of content.entries()) {
      for (const mask of [1 << (index % 8), 0xff]) {
        const changed = sealRecord(content.with(index, byte ^ mask));
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
      expectCode('invalid-record', () => decodeSessionRecord(sealRecord(openRecord(bytes).with(0, version))));
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
    .map(([at, bytes]) => sealRecord(Uint8Array.of(...pending!.subarray(0, at), ...bytes)));
  const versioned = fc.uint8Array().map((bytes) => sealRecord(Uint8Array.of(1, ...bytes)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), versioned, damaged), (bytes) => {
      const code = errorCodeOf(() => {
        expect(isCanonical(bytes)).toBe(true);
      });
      expect([null, 'invalid-record']).toContain(code);
    }),
  );
});

describe('a state at or past its limits', () => {
  const { alice, bob } = strangers();
  alice.start(bob);
  const { current } = alice.record;
  const session = { ...current!, pending: null };
  const { ratchet } = session;
  const entries = (...counters: readonly number[]): Uint8Array => {
    const skipped = new Uint8Array(counters.length * SKIPPED_ENTRY_BYTES);
    const view = new DataView(skipped.buffer);
    for (const [index, counter] of counters.entries()) view.setUint32(index * SKIPPED_ENTRY_BYTES, counter);
    return skipped;
  };
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, counter) => counter);
  const withSkipped = (skipped: Uint8Array) => {
    const receiving = [{ ...ratchet.receiving[0]!, counter: 3000, skipped }];
    return { current: { ...session, ratchet: { ...ratchet, receiving } }, archived: [] };
  };
  const withChains = (count: number) => {
    const receiving = upTo(count).map(() => ratchet.receiving[0]!);
    return { current: { ...session, ratchet: { ...ratchet, receiving } }, archived: [] };
  };
  const withIdentity = (remoteIdentity: Uint8Array) => ({
    current: { ...session, remoteIdentity },
    archived: [],
  });
  const { remoteIdentity } = session;
  const withArchived = (count: number) => ({ current, archived: upTo(count).map(() => session) });

  test.each([
    ['skipped counters in order', withSkipped(entries(0, 7, 2999)), null],
    ['a skipped counter not passed yet', withSkipped(entries(0, 7, 3000)), 'invalid-record'],
    ['a skipped counter twice', withSkipped(entries(7, 7)), 'invalid-record'],
    ['skipped counters out of order', withSkipped(entries(8, 7)), 'invalid-record'],
    ['half a seed', withSkipped(entries(7).subarray(0, 20)), 'invalid-record'],
    ['2,000 seeds', withSkipped(entries(...upTo(2000))), null],
    ['2,001 seeds', withSkipped(entries(...upTo(2001))), 'invalid-record'],
    ['5 receiving chains', withChains(5), null],
    ['6 receiving chains', withChains(6), 'invalid-record'],
    [
      'a key with bit 255 set, which earlier releases took',
      withIdentity(remoteIdentity.with(32, remoteIdentity[32]! | 0x80)),
      null,
    ],
    ['a key of another type', withIdentity(remoteIdentity.with(0, 4)), 'invalid-record'],
    ['40 archived sessions', withArchived(40), null],
    ['41 archived sessions', withArchived(41), 'invalid-record'],
    ['an archived session that waits', { current, archived: [current!] }, 'invalid-record'],
  ])('%s', (_, record, code) => {
    const bytes = encodeSessionRecord(record);
    expect(errorCodeOf(() => decodeSessionRecord(bytes))).toBe(code);
  });
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
