import { beforeEach, describe, expect, test, vi } from 'vitest';
import { concat } from '../bytes.ts';
import { readRawFields, writeRawFields } from '../interop/raw-fields.model.ts';
import { expectCode } from '../testing/signal-error.model.ts';
import { acquainted, ALICE, strangers, type Peer } from './peer.model.ts';
import { decodeSessionRecord, encodeSessionRecord } from './session-record.ts';
import { decrypt, decryptPreKeyMessage } from './session.ts';

/** What an operation makes of a state and nobody gets is overwritten, above all when the message is refused. */

const made = vi.hoisted((): unknown[] => []);
const recording = vi.hoisted(
  () =>
    <A extends unknown[], R>(operation: (...args: A) => R) =>
    (...args: A): R => {
      const result = operation(...args);
      made.push(result);
      return result;
    },
);

vi.mock(import('./double-ratchet.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return { ...original, reachChain: recording(original.reachChain) };
});

vi.mock(import('./receiving-chain.ts'), async (importOriginal) => {
  const original = await importOriginal();
  const takeSeed: typeof original.takeSeed = (chain, counter) => {
    const taken = original.takeSeed(chain, counter);
    made.push(taken);
    return taken;
  };
  return { ...original, takeSeed };
});

vi.mock(import('./new-session.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return { ...original, acceptSession: recording(original.acceptSession) };
});

vi.mock(import('../spqr/spqr.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    takeSpqrKey: recording(original.takeSpqrKey),
    receiveSpqr: recording(original.receiveSpqr),
  };
});

const byteArraysIn = (data: unknown): readonly Uint8Array[] => {
  if (data instanceof Uint8Array) return [data];
  return typeof data === 'object' && data !== null ? Object.values(data).flatMap(byteArraysIn) : [];
};

/** All of what was made is zeros, but what is in one of these or stands in the message for everybody to see. */
const expectWiped = (kept: unknown, body: Uint8Array): void => {
  const shared = new Set(byteArraysIn(kept));
  const own = byteArraysIn(made).filter((bytes) => bytes.length > 0 && !shared.has(bytes));
  expect(own.length).toBeGreaterThan(0);
  for (const bytes of own) {
    const isPublic = Buffer.from(body).includes(Buffer.from(bytes));
    if (!isPublic) expect(bytes).toEqual(new Uint8Array(bytes.length));
  }
};

beforeEach(() => {
  made.length = 0;
});

/** Of the post-quantum ratchet: version, epoch, index. */
const withUsedIndex = (body: Uint8Array): Uint8Array => {
  const fields = readRawFields(body.subarray(1, -8));
  const changed = fields.map((field) =>
    field.number === 5 ? { ...field, value: field.value.with(2, 1) } : field,
  );
  return concat(body.subarray(0, 1), writeRawFields(changed), body.subarray(-8));
};

const flipLast = (body: Uint8Array): Uint8Array => body.with(-1, body.at(-1)! ^ 1);

/** A message to Bob that passes over 30 others, on a chain that he knows or on a new one. */
const afterGap = (isNewChain: boolean): { alice: Peer; bob: Peer; body: Uint8Array } => {
  const { alice, bob } = acquainted();
  if (!isNewChain) bob.read(alice, alice.send(bob, 'opens the chain'));
  alice.lose(30);
  return { alice, bob, body: alice.send(bob, 'after the gap').body };
};

describe.each([false, true])('a message under a new ratchet key: %s', (isNewChain) => {
  test.each([
    ['with a wrong MAC', flipLast],
    ['whose post-quantum key was used', withUsedIndex],
  ])('%s', (_, change) => {
    const { bob, body } = afterGap(isNewChain);
    const record = decodeSessionRecord(bob.stored);
    made.length = 0;
    const changed = change(body);
    expectCode('invalid-message', () => decrypt(bob.local, ALICE, record, changed));
    expectWiped(record, changed);
    expect(encodeSessionRecord(record)).toEqual(bob.stored);
  });

  test('from somebody who is not trusted', () => {
    const { bob, body } = afterGap(isNewChain);
    const record = decodeSessionRecord(bob.stored);
    made.length = 0;
    const nobody = { isTrusted: () => false };
    expectCode('untrusted-identity', () => decrypt(bob.local, ALICE, record, body, undefined, nobody));
    expectWiped(record, body);
    expect(encodeSessionRecord(record)).toEqual(bob.stored);
  });

  test('that is read', () => {
    const { bob, body } = afterGap(isNewChain);
    const record = decodeSessionRecord(bob.stored);
    made.length = 0;
    const read = decrypt(bob.local, ALICE, record, body);
    expectWiped([record, read.record], body);
    expect(encodeSessionRecord(record)).toEqual(bob.stored);
  });
});

describe('a first message', () => {
  const first = (): { bob: Peer; body: Uint8Array } => {
    const { alice, bob } = strangers();
    alice.start(bob);
    alice.lose(30);
    const { body } = alice.send(bob, 'first');
    made.length = 0;
    return { bob, body };
  };
  const keysOf = ({ local, signedPreKey, kyberPreKey }: Peer) =>
    structuredClone({ local, signedPreKey, kyberPreKey });

  test('that is refused leaves nothing of its session, and the own keys as they are', () => {
    const { bob, body } = first();
    const keys = keysOf(bob);
    const wrong = body.with(200, body[200]! ^ 1);
    expectCode('invalid-message', () => decryptPreKeyMessage(bob.local, ALICE, null, bob.lookup, wrong));
    expectWiped(bob.local, wrong);
    expect(keysOf(bob)).toEqual(keys);
  });

  test('that is read leaves nothing of its session as it was before, and the own keys as they are', () => {
    const { bob, body } = first();
    const keys = keysOf(bob);
    const { record } = decryptPreKeyMessage(bob.local, ALICE, null, bob.lookup, body);
    expectWiped([bob.local, record], body);
    expect(keysOf(bob)).toEqual(keys);
  });
});
