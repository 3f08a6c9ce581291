import { describe, expect, test } from 'vitest';
import { expectCode } from '../testing/signal-error.model.ts';
import { fromHex, loadVectors, toHex } from '../testing/vectors.model.ts';
import {
  addEpoch,
  initChains,
  MAX_KEPT_DISTANCE,
  receivingKey,
  sendingKey,
  type SymmetricChains,
} from './symmetric-chains.ts';

const vectors = loadVectors('spqr') as {
  authKey: string;
  epochSecret: string;
  chain: { nextRoot: string; a2b: string; b2a: string; a2bKeys: string[]; b2aKeys: string[] }[];
};
const PQR_KEY = fromHex(vectors.authKey);

const secretOf = (epoch: number) => ({ epoch, secret: new Uint8Array(32).fill(epoch) });
const sendMany = (given: SymmetricChains, epoch: number, count: number) => {
  let chains = given;
  const keys: string[] = [];
  for (let index = 1; index <= count; index += 1) {
    const sent = sendingKey(chains, epoch);
    expect(sent.index).toBe(index);
    keys.push(toHex(sent.key));
    chains = sent.chains;
  }
  return { chains, keys };
};
const receive = (chains: SymmetricChains, index: number, epoch = 0) => receivingKey(chains, epoch, index);
const receiveAll = (given: SymmetricChains, indexes: readonly number[], epoch = 0): SymmetricChains =>
  indexes.reduce((chains, index) => receive(chains, index, epoch).chains, given);
const refuses = (chains: SymmetricChains, index: number, epoch = 0): void =>
  expectCode('invalid-message', () => receive(chains, index, epoch));

test('the vector: links, directions, keys from index 1 on', () => {
  const [first, second] = vectors.chain;
  let alice = initChains(PQR_KEY, 'a-to-b');
  let bob = initChains(PQR_KEY, 'b-to-a');
  for (const [epoch, link] of [first!, second!].entries()) {
    if (epoch > 0) {
      alice = addEpoch(alice, { epoch, secret: fromHex(vectors.epochSecret) });
      bob = addEpoch(bob, { epoch, secret: fromHex(vectors.epochSecret) });
    }
    for (const party of [alice, bob]) {
      expect(toHex(party.nextRoot)).toBe(link.nextRoot);
      const { sending, receiving } = party.links.at(-1)!;
      const [aToB, bToA] = party === alice ? [sending!, receiving] : [receiving, sending!];
      expect([toHex(aToB.next), toHex(bToA.next)]).toEqual([link.a2b, link.b2a]);
    }
    expect(sendMany(alice, epoch, 8).keys).toEqual(link.a2bKeys);
    expect(sendMany(bob, epoch, 8).keys).toEqual(link.b2aKeys);
    link.b2aKeys.forEach((key, place) => expect(toHex(receive(alice, place + 1, epoch).key)).toBe(key));
    link.a2bKeys.forEach((key, place) => expect(toHex(receive(bob, place + 1, epoch).key)).toBe(key));
  }
});

describe('a receiving chain', () => {
  const start = initChains(PQR_KEY, 'b-to-a');
  const { keys } = sendMany(initChains(PQR_KEY, 'a-to-b'), 0, 2100);
  const keyOf = (chains: SymmetricChains, index: number) => toHex(receive(chains, index).key);

  test('gives a key once, in any order', () => {
    const chains = receiveAll(start, [3, 1]);
    expect(keyOf(chains, 2)).toBe(keys[1]);
    expect(keyOf(chains, 4)).toBe(keys[3]);
    refuses(chains, 3);
    refuses(chains, 1);
    refuses(receiveAll(chains, [2]), 2);
  });

  test('has no index 0', () => {
    refuses(start, 0);
    refuses(receiveAll(start, [2]), 0);
  });

  test('keeps the key 2,000 behind the newest index, not the one 2,001 behind', () => {
    for (const newest of [2001, 2002, 2100]) {
      const chains = receiveAll(start, [newest]);
      const oldest = newest - MAX_KEPT_DISTANCE;
      expect(keyOf(chains, oldest)).toBe(keys[oldest - 1]);
      refuses(chains, oldest - 1);
      expect(chains.links[0]!.receiving.skipped.length).toBe(MAX_KEPT_DISTANCE);
    }
  });

  test('loses one more kept key with each newer message', () => {
    const chains = receiveAll(start, [2050]);
    expect(keyOf(chains, 50)).toBe(keys[49]);
    const later = receiveAll(chains, [2051]);
    refuses(later, 50);
    expect(keyOf(later, 51)).toBe(keys[50]);
    const afterGap = receiveAll(later, [2090]);
    refuses(afterGap, 89);
    expect(keyOf(afterGap, 90)).toBe(keys[89]);
    expect(keyOf(afterGap, 2060)).toBe(keys[2059]);
  });

  test('forgets every kept key behind a gap of more than 2,000', () => {
    const chains = receiveAll(start, [50, 2099]);
    for (const index of [1, 49, 98]) refuses(chains, index);
    expect(keyOf(chains, 99)).toBe(keys[98]);
  });

  test('goes 25,000 ahead, not 25,001', () => {
    const used = receiveAll(start, [1]);
    refuses(start, 25_001);
    refuses(used, 25_002);
    refuses(used, 0xffff_ffff);
    const { receiving } = receive(used, 25_001).chains.links[0]!;
    expect(receiving.counter).toBe(25_001);
    expect(receiving.skipped.length).toBe(MAX_KEPT_DISTANCE);
  });

  test('leaves the chains it was given as they were', () => {
    const given = receiveAll(start, [5]);
    const copy = structuredClone(given);
    receive(given, 6);
    receive(given, 2);
    receive(given, 2100);
    refuses(given, 5);
    sendMany(given, 0, 3);
    expect(given).toEqual(copy);
  });
});

describe('epochs', () => {
  const both = (epochs: number) => {
    let alice = initChains(PQR_KEY, 'a-to-b');
    let bob = initChains(PQR_KEY, 'b-to-a');
    for (let epoch = 1; epoch <= epochs; epoch += 1) {
      alice = addEpoch(alice, secretOf(epoch));
      bob = addEpoch(bob, secretOf(epoch));
    }
    return { alice, bob };
  };

  test('newer than the current one have no link', () => {
    const { bob } = both(1);
    refuses(bob, 1, 2);
    refuses(bob, 1, -1);
  });

  test('a link older than the send epoch - 1 is gone, that one itself only receives', () => {
    const { alice, bob } = both(2);
    const moved = sendingKey(bob, 2).chains;
    expect(moved.sendEpoch).toBe(2);
    expect(moved.links.map(({ sending }) => sending !== null)).toEqual([false, true]);
    refuses(moved, 1, 0);
    for (const epoch of [1, 2]) {
      expect(toHex(receive(moved, 1, epoch).key)).toBe(toHex(sendingKey(alice, epoch).key));
    }
  });

  test('there are three links at most, when the newest is not sent on yet', () => {
    let chains = initChains(PQR_KEY, 'a-to-b');
    for (let epoch = 1; epoch <= 5; epoch += 1) {
      chains = sendingKey(addEpoch(chains, secretOf(epoch)), epoch - 1).chains;
      expect(chains.links.length).toBe(Math.min(3, epoch + 1));
    }
  });

  test('sending in one epoch goes on where it was', () => {
    const { alice } = both(1);
    const first = sendingKey(alice, 0);
    const second = sendingKey(first.chains, 0);
    expect([first.index, second.index]).toEqual([1, 2]);
    const third = sendingKey(second.chains, 1);
    expect(third.index).toBe(1);
  });

  test('the sending side refuses an epoch it has left', () => {
    const { alice } = both(1);
    expectCode('no-session', () => sendingKey(sendingKey(alice, 1).chains, 0));
  });

  test('the sending side ends after index 2^32 - 1', () => {
    const { alice } = both(0);
    const { next } = alice.links[0]!.sending!;
    const at = (counter: number): SymmetricChains => ({
      ...alice,
      links: [{ ...alice.links[0]!, sending: { counter, next } }],
    });
    expect(sendingKey(at(0xffff_fffe), 0).index).toBe(0xffff_ffff);
    expectCode('no-session', () => sendingKey(at(0xffff_ffff), 0));
  });
});
