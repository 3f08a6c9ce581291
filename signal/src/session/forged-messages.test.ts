import { beforeEach, expect, test, vi } from 'vitest';
import { generateKeyPair } from '../curve.ts';
import { systemRandom } from '../random.ts';
import { encodeSpqrMessage } from '../spqr/spqr-message.ts';
import { expectCode } from '../testing/signal-error.model.ts';
import { strangers, type Message, type Peer } from './peer.model.ts';
import { MAX_ARCHIVED } from './session-record.ts';
import { encodeSignalMessage } from './signal-message.ts';

/** What a message that somebody made up can cost, counted in HMACs and key agreements. */

const work = vi.hoisted(() => ({ hmacs: 0, agreements: 0 }));

vi.mock(import('../kdf.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    hmac: (key, data) => {
      work.hmacs += 1;
      return original.hmac(key, data);
    },
    hkdf: (salt, input, info, length) => {
      work.hmacs += 1 + Math.ceil(length / 32);
      return original.hkdf(salt, input, info, length);
    },
  };
});

vi.mock(import('../curve.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    agree: (privateKey, publicKey) => {
      work.agreements += 1;
      return original.agree(privateKey, publicKey);
    },
  };
});

beforeEach(() => {
  work.hmacs = 0;
  work.agreements = 0;
});

const SESSIONS = 1 + MAX_ARCHIVED;

/** Bob, who has read a first message of Alice in each of so many sessions. */
const withSessions = (count: number): { alice: Peer; bob: Peer } => {
  const { alice, bob } = strangers();
  for (let index = 0; index < count; index += 1) {
    alice.start(bob, false);
    bob.read(alice, alice.send(bob, `start ${index}`));
  }
  return { alice, bob };
};

const forged = (ratchetKey: Uint8Array, passed: number): Message => ({
  type: 'message',
  body: encodeSignalMessage(
    {
      ...{ ratchetKey, counter: passed, previousCounter: 0, addresses: null },
      ciphertext: new Uint8Array(16),
      pqRatchet: encodeSpqrMessage({ epoch: 1, payload: { type: 'None' } }, passed + 1),
    },
    new Uint8Array(32),
    { sender: new Uint8Array(33), receiver: new Uint8Array(33) },
  ),
});

const workOf = (operation: () => void): { hmacs: number; agreements: number } => {
  const before = { ...work };
  operation();
  return { hmacs: work.hmacs - before.hmacs, agreements: work.agreements - before.agreements };
};

const NEW_KEY = generateKeyPair(systemRandom).publicKey;
const WIDEST = 24_999;

const refusal = ({ alice, bob }: { alice: Peer; bob: Peer }, message: Message) =>
  workOf(() => expectCode('invalid-message', () => bob.read(alice, message)));

test('costs no more work in 41 sessions than the widest gap costs in one', { timeout: 60_000 }, () => {
  const most = refusal(withSessions(1), forged(NEW_KEY, WIDEST)).hmacs;
  const { alice, bob } = withSessions(SESSIONS);
  for (const passed of [0, 2_000, WIDEST]) {
    const { hmacs, agreements } = refusal({ alice, bob }, forged(NEW_KEY, passed));
    expect(hmacs, `${passed} passed over`).toBeLessThanOrEqual(most);
    expect(agreements).toBeLessThanOrEqual(SESSIONS);
  }
  // As the one who has started them, she knows his signed pre-key as a ratchet key in all of them.
  const { hmacs, agreements } = refusal(
    { alice: bob, bob: alice },
    forged(bob.signedPreKey.publicKey, WIDEST),
  );
  expect(hmacs).toBeLessThanOrEqual(most);
  expect(agreements).toBe(0);
});

test('one session that knows the ratchet key is the only one tried', () => {
  const { alice, bob } = withSessions(3);
  const [, oldest] = bob.record.archived;
  const { ratchetKey } = oldest!.ratchet.receiving[0]!;
  expect(refusal({ alice, bob }, forged(ratchetKey, 10)).agreements).toBe(0);
});

test('a first message costs the agreements of its handshake and of one session', () => {
  const { alice, bob } = withSessions(3);
  alice.start(bob, false);
  const { type, body } = alice.send(bob, 'anew');
  const wrong = { type, body: body.with(200, body[200]! ^ 1) };
  expect(type).toBe('pre-key-message');
  expect(refusal({ alice, bob }, wrong).agreements).toBe(4);
});
