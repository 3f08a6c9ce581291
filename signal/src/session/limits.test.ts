import { describe, expect, test } from 'vitest';
import { generateKeyPair } from '../curve.ts';
import { systemRandom } from '../random.ts';
import { errorCodeOf, expectCode } from '../testing/signal-error.model.ts';
import { ALICE, NOW_MS, Peer, acquainted, strangers, type Message } from './peer.model.ts';
import { MAX_COUNTER, MAX_JUMP, receivingChain, takeSeed } from './receiving-chain.ts';
import { canEncrypt } from './session.ts';
import { addSkipped, MAX_SKIPPED, SKIPPED_ENTRY_BYTES, takeSkipped } from './skipped-seeds.ts';

/** Every limit, at its edge and one past it. */

describe('one receiving chain', () => {
  const chain = receivingChain(new Uint8Array(33), new Uint8Array(32).fill(7));

  test('jumps by 25,000 and no further', () => {
    const jumped = takeSeed(chain, MAX_JUMP);
    expect(jumped.chain.counter).toBe(MAX_JUMP + 1);
    expect(jumped.chain.skipped).toHaveLength(MAX_SKIPPED * SKIPPED_ENTRY_BYTES);
    expectCode('invalid-message', () => takeSeed(chain, MAX_JUMP + 1));
    const further = takeSeed(jumped.chain, 2 * MAX_JUMP + 1);
    expect(further.chain.counter).toBe(2 * MAX_JUMP + 2);
    expectCode('invalid-message', () => takeSeed(jumped.chain, 2 * MAX_JUMP + 2));
  });

  test('gives the same seeds in any order', () => {
    const inOrder: Uint8Array[] = [];
    let ahead = chain;
    for (let counter = 0; counter < 5; counter += 1) {
      const taken = takeSeed(ahead, counter);
      inOrder.push(taken.seed);
      ahead = taken.chain;
    }
    let shuffled = chain;
    for (const counter of [3, 0, 4, 2, 1]) {
      const taken = takeSeed(shuffled, counter);
      expect(taken.seed).toEqual(inOrder[counter]);
      shuffled = taken.chain;
      expectCode('duplicate-message', () => takeSeed(shuffled, counter));
    }
    expect(shuffled).toEqual(ahead);
    expect(shuffled.skipped).toHaveLength(0);
  });

  test('keeps the newest 2,000 seeds', () => {
    const { skipped } = takeSeed(chain, 3000).chain;
    expect(takeSkipped(skipped, 999)).toBe(null);
    expect(takeSkipped(skipped, 1000)).not.toBe(null);
    expect(takeSkipped(skipped, 2999)).not.toBe(null);
    expect(takeSkipped(skipped, 3000)).toBe(null);
    const one = takeSeed(takeSeed(chain, 1).chain, 2002).chain.skipped;
    expect([0, 1, 2, 2001].map((counter) => takeSkipped(one, counter) !== null)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(addSkipped(skipped, new Uint8Array(0))).toEqual(skipped);
  });

  test('ends before the counter leaves its 32 bits', () => {
    const atTheEnd = { ...chain, counter: MAX_COUNTER - 1 };
    const last = takeSeed(atTheEnd, MAX_COUNTER - 1);
    expect(last.chain.counter).toBe(MAX_COUNTER);
    expectCode('invalid-message', () => takeSeed(last.chain, MAX_COUNTER));
  });
});

describe('a gap in a session', () => {
  test('may be 24,999 messages wide; of it the newest 2,000 are read', () => {
    const { alice, bob } = acquainted();
    bob.read(alice, alice.send(bob, 'opens the chain'));
    alice.lose(22_998);
    const late = Array.from({ length: 2001 }, (_, index) => alice.send(bob, `late ${index}`));
    const widest = alice.send(bob, 'after 24,999');
    const tooWide = alice.send(bob, 'after 25,000');
    const before = bob.stored;
    expectCode('invalid-message', () => bob.read(alice, tooWide));
    expect(bob.stored).toBe(before);
    expect(bob.read(alice, widest)).toBe('after 24,999');
    expect(bob.stored.length).toBeLessThan(160_000);
    expectCode('duplicate-message', () => bob.read(alice, late[0]!));
    expect(bob.read(alice, late[1]!)).toBe('late 1');
    expect(bob.read(alice, late[1000]!)).toBe('late 1000');
    expect(bob.read(alice, late[2000]!)).toBe('late 2000');
    expect(bob.read(alice, tooWide)).toBe('after 25,000');
    bob.read(alice, alice.send(bob, 'one more'));
    expectCode('invalid-message', () => bob.read(alice, late[2]!));
    expect(bob.read(alice, late[3]!)).toBe('late 3');
  });

  test('is no wider between devices of one account', () => {
    const identity = generateKeyPair(systemRandom);
    const here = new Peer({ name: ALICE.name, deviceId: 1 }, systemRandom, identity);
    const there = new Peer({ name: ALICE.name, deviceId: 2 }, systemRandom, identity);
    here.start(there);
    there.read(here, here.send(there, 'first'));
    here.lose(24_999);
    const widest = here.send(there, 'after 24,999');
    const tooWide = here.send(there, 'after 25,000');
    expectCode('invalid-message', () => there.read(here, tooWide));
    expect(there.read(here, widest)).toBe('after 24,999');
  });
});

describe('receiving chains', () => {
  /** Alice has a new ratchet key after each turn. */
  const turn = (alice: Peer, bob: Peer): void => {
    alice.read(bob, bob.send(alice, 'ping'));
    bob.read(alice, alice.send(bob, 'pong'));
  };

  test.each([
    [4, null],
    [5, 'invalid-message'],
  ])('a late message of a chain with %i newer ones', (newer, code) => {
    const { alice, bob } = acquainted();
    bob.read(alice, alice.send(bob, 'opens the chain'));
    const late = alice.send(bob, 'late');
    for (let count = 0; count < newer; count += 1) turn(alice, bob);
    expect(bob.record.current?.ratchet.receiving).toHaveLength(5);
    expect(errorCodeOf(() => bob.read(alice, late))).toBe(code);
  });

  test("the initiator's chain of the signed pre-key counts", () => {
    const { alice, bob } = acquainted();
    expect(alice.record.current?.ratchet.receiving).toHaveLength(2);
    const oldest = (): Uint8Array | undefined => alice.record.current?.ratchet.receiving[0]?.ratchetKey;
    for (let count = 0; count < 4; count += 1) turn(alice, bob);
    expect(alice.record.current?.ratchet.receiving).toHaveLength(5);
    expect(oldest()).toEqual(bob.signedPreKey.publicKey);
    turn(alice, bob);
    expect(alice.record.current?.ratchet.receiving).toHaveLength(5);
    expect(oldest()).not.toEqual(bob.signedPreKey.publicKey);
  });
});

test('a sending chain ends before its counter leaves its 32 bits', () => {
  const { alice, bob } = acquainted();
  const { current, archived } = alice.record;
  const { ratchet } = current!;
  const sending = { ...ratchet.sending, counter: MAX_COUNTER - 1 };
  alice.record = { current: { ...current!, ratchet: { ...ratchet, sending } }, archived };
  alice.send(bob, 'the last one');
  expectCode('no-session', () => alice.send(bob, 'one more'));
});

describe('a session that was never answered', () => {
  const DAYS_30_MS = 30 * 24 * 60 * 60 * 1000;

  test('sends for 30 days from its whole second, and no millisecond longer', () => {
    const { alice, bob } = strangers();
    alice.start(bob, true, NOW_MS + 999);
    const lastMs = NOW_MS + DAYS_30_MS;
    expect(canEncrypt(alice.record, lastMs)).toBe(true);
    const last: Message = alice.send(bob, 'on the last day', lastMs);
    expect(canEncrypt(alice.record, lastMs + 1)).toBe(false);
    const before = alice.stored;
    expectCode('no-session', () => alice.send(bob, 'too late', lastMs + 1));
    expect(alice.stored).toBe(before);
    bob.read(alice, last);
    alice.read(bob, bob.send(alice, 'an answer after all'));
    expect(alice.send(bob, 'again', lastMs + 1).type).toBe('message');
  });
});
