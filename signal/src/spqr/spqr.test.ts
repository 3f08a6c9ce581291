import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flipBit, toHex } from '../testing/vectors.model.ts';
import { decodeSpqrMessage, encodeSpqrMessage } from './spqr-message.ts';
import {
  deliver,
  encodeSpqr,
  exchange,
  expectRefused,
  otherSide,
  pairWith,
  receive,
  seededRandom,
  send,
  startPair,
  stored,
  type Pair,
  type Sent,
  type Side,
} from './spqr-pair.model.ts';
import { initSpqr, sendSpqr } from './spqr.ts';

const random = seededRandom(5);
const noRandom = (): Uint8Array => {
  throw new Error('a draw');
};
const EMPTY = new Uint8Array();

test('first messages: the initiator sends its header, the responder nothing yet', () => {
  const pair = startPair(random);
  const alice = sendSpqr(pair.alice, random);
  expect(toHex(alice.message.subarray(0, 5))).toBe('0101010100');
  expect(alice.message.length).toBe(37);
  const bob = sendSpqr(pair.bob, noRandom);
  expect(toHex(bob.message)).toBe('01010100');
  expect(toHex(bob.key)).not.toBe(toHex(alice.key));
});

test('another handshake key, or the same direction on both sides, gives other keys', () => {
  const sent = sendSpqr(initSpqr(new Uint8Array(32), 'a-to-b'), random);
  const other = receive(initSpqr(new Uint8Array(32).fill(1), 'b-to-a'), sent.message);
  expect(toHex(other.key!)).not.toBe(toHex(sent.key));
  const same = receive(initSpqr(new Uint8Array(32), 'a-to-b'), sent.message);
  expect(toHex(same.key!)).not.toBe(toHex(sent.key));
});

describe('index 0 in epoch 1 is no key', () => {
  const keyless = (message: Uint8Array): Uint8Array =>
    encodeSpqrMessage(decodeSpqrMessage(message).message, 0);

  test('and its chunk counts', () => {
    let pair = startPair(random);
    for (let count = 0; count < 3; count += 1) {
      const { pair: after, sent } = send(pair, 'alice', random);
      const received = receive(after.bob, keyless(sent.message));
      expect(received.key).toBeNull();
      expect(received.state.chains).toBe(after.bob.chains);
      pair = { ...after, bob: received.state };
    }
    expect(pair.bob.braid.kind).toBe('HeaderReceived');
  });

  test('for as long as the chains of epoch 1 are held, which is beyond its end', () => {
    const { sent } = send(startPair(random), 'alice', random);
    let { pair } = pairWith('KeysSampled', random, 2);
    for (const state of [pair.alice, pair.bob]) {
      expect(receive(state, keyless(sent.message))).toEqual({ state, key: null });
    }
    for (const side of ['alice', 'bob'] as const) {
      while (pair[side].chains.sendEpoch < 2) pair = exchange(exchange(pair, 'alice', random), 'bob', random);
      expectRefused(pair[side], keyless(sent.message));
    }
  });

  test('in a later epoch it is refused', () => {
    const { pair, side } = pairWith('KeysSampled', random, 2);
    const { message } = sendSpqr(pair[side], random);
    expectRefused(pair[otherSide(side)], keyless(message));
  });
});

describe('refused, with the state as it was', () => {
  const { pair } = pairWith('Ct1Sampled', random, 2);
  const { pair: after, sent } = send(pair, 'alice', random);

  test('no message, a broken one, another version', () => {
    expectRefused(after.bob, EMPTY);
    for (let length = 0; length < 37; length += 1) expectRefused(after.bob, sent.message.subarray(0, length));
    for (const version of [0, 2, 3, 255]) {
      const other = sent.message.slice();
      other[0] = version;
      expectRefused(after.bob, other);
    }
  });

  test('a message again, at once and later', () => {
    let later = deliver(after, sent);
    expectRefused(later.bob, sent.message);
    for (let count = 0; count < 10; count += 1) later = exchange(later, 'alice', random);
    expectRefused(later.bob, sent.message);
  });

  test('a message of an epoch that is too new or too old', () => {
    const { message, index } = decodeSpqrMessage(sent.message);
    for (const epoch of [message.epoch + 1, message.epoch + 2, Number.MAX_SAFE_INTEGER]) {
      expectRefused(after.bob, encodeSpqrMessage({ ...message, epoch }, index));
    }
    const { pair: late } = pairWith('Ct2Sampled', random, 4);
    for (const state of [late.alice, late.bob]) {
      expectRefused(state, encodeSpqrMessage({ epoch: 1, payload: { type: 'None' } }, 2000));
    }
  });

  test('a message too far ahead: 25,001 behind the last one used', () => {
    const used = deliver(after, sent).bob;
    const { message, index } = decodeSpqrMessage(sent.message);
    const at = (ahead: number) => encodeSpqrMessage({ ...message, payload: { type: 'None' } }, index + ahead);
    expectRefused(used, at(25_001));
    expect(receive(used, at(25_000)).key?.length).toBe(32);
    expectRefused(used, at(0));
  });

  test('the message that completes a header with a wrong chunk', () => {
    let { alice, bob } = startPair(random);
    for (let count = 0; count < 3; count += 1) {
      const step = sendSpqr(alice, random);
      alice = step.state;
      if (count < 2) bob = receive(bob, flipBit(step.message, 8 * 20)).state;
      else expectRefused(bob, step.message);
    }
    expectRefused(bob, sendSpqr(alice, noRandom).message);
    expect(bob.braid.kind).toBe('NoHeaderReceived');
  });
});

test('a link is kept for one epoch behind the one a side sends in', () => {
  let pair = startPair(random);
  const { pair: after, sent: held } = send(pair, 'alice', random);
  pair = after;
  while (pair.bob.chains.sendEpoch < 1) pair = exchange(exchange(pair, 'alice', random), 'bob', random);
  expect(receive(pair.bob, held.message).key).toEqual(held.key);
  while (pair.bob.chains.sendEpoch < 2) pair = exchange(exchange(pair, 'alice', random), 'bob', random);
  expectRefused(pair.bob, held.message);
});

/** How a network treats a conversation; drawn numbers decide about each message. */
type Weather = {
  readonly seed: number;
  /** Shares of messages, in percent. */
  readonly lossFromAlice: number;
  readonly lossFromBob: number;
  readonly repeats: number;
  /** A message waits for up to so many other ones. */
  readonly delay: number;
  /** One side sends up to so many in a row. */
  readonly burst: number;
};

const weather = fc.record<Weather>({
  seed: fc.nat(),
  lossFromAlice: fc.integer({ min: 0, max: 45 }),
  lossFromBob: fc.integer({ min: 0, max: 45 }),
  repeats: fc.integer({ min: 0, max: 10 }),
  delay: fc.integer({ min: 0, max: 30 }),
  burst: fc.integer({ min: 1, max: 12 }),
});

const MOST_MESSAGES = 30_000;

/** Until both sides are in an epoch beyond 20. Every message that arrives gives the sender's key, and only once. */
const converse = ({ seed, lossFromAlice, lossFromBob, repeats, delay, burst }: Weather) => {
  const draw = seededRandom(seed);
  const below = (limit: number): number => {
    const [high = 0, low = 0] = draw(2);
    return (high * 256 + low) % limit;
  };
  let pair: Pair = startPair(draw);
  let waiting: { sent: Sent; due: number }[] = [];
  let largestRecord = 0;
  let count = 0;
  const keep = (next: Pair, side: Side): void => {
    const state = stored(next[side]);
    pair = { ...next, [side]: state };
    const skipped = state.chains.links.flatMap(({ receiving }) => receiving.skipped).length;
    largestRecord = Math.max(largestRecord, encodeSpqr(state).length - 34 * skipped);
  };
  const sendOne = (from: Side): void => {
    const { pair: after, sent } = send(pair, from, draw);
    keep(after, from);
    count += 1;
    const loss = from === 'alice' ? lossFromAlice : lossFromBob;
    if (below(100) >= loss) waiting.push({ sent, due: count + below(delay + 1) });
    const arriving = waiting.filter(({ due }) => due <= count);
    waiting = waiting.filter(({ due }) => due > count);
    for (const { sent: arrived } of arriving) {
      keep(deliver(pair, arrived), otherSide(arrived.from));
      if (below(100) < repeats) expectRefused(pair[otherSide(arrived.from)], arrived.message);
    }
  };
  const epochs = () => [pair.alice.braid.epoch, pair.bob.braid.epoch];
  while (Math.min(...epochs()) <= 20 && count < MOST_MESSAGES) {
    const from = below(2) === 0 ? 'alice' : 'bob';
    for (let left = 1 + below(burst); left > 0; left -= 1) sendOne(from);
  }
  return { epochs: epochs(), largestRecord };
};

test('loss, delay, repetition and bursts: more than 20 epochs, every state stored between every two steps', () => {
  fc.assert(
    fc.property(weather, (given) => {
      const { epochs, largestRecord } = converse(given);
      expect(Math.min(...epochs)).toBeGreaterThan(20);
      expect(largestRecord).toBeLessThanOrEqual(2574);
    }),
    { numRuns: 8 },
  );
});
