import { describe, expect, test } from 'vitest';
import { createRecordReader } from '../record-format.ts';
import { errorCodeOf, expectCode } from '../testing/signal-error.model.ts';
import { flipBit, toHex } from '../testing/vectors.model.ts';
import type { BraidState } from './braid-state.ts';
import { readSpqr } from './spqr-record.ts';
import { sendSpqr } from './spqr.ts';
import { sendingKey } from './symmetric-chains.ts';
import {
  decodeSpqr,
  encodeSpqr,
  exchange,
  pairWith,
  receive,
  seededRandom,
  stored,
} from './spqr-pair.model.ts';

/** With the most bytes that a state of this kind takes in a record when no key is skipped. */
const KINDS: readonly [BraidState['kind'], number][] = [
  ['KeysUnsampled', 293],
  ['KeysSampled', 381],
  ['HeaderSent', 2424],
  ['Ct1Received', 2397],
  ['EkSentCt1Received', 1380],
  ['NoHeaderReceived', 362],
  ['HeaderReceived', 357],
  ['Ct1Sampled', 2574],
  ['EkReceivedCt1Sampled', 2471],
  ['Ct1Acknowledged', 2572],
  ['Ct2Sampled', 455],
];

const SKIPPED_KEY_BYTES = 2 + 32;
const BRAID_HEAD_BYTES = 1 + 8 + 64;

const refuses = (record: Uint8Array): void => expectCode('invalid-record', () => decodeSpqr(record));
const changed = (record: Uint8Array, at: number, ...values: readonly number[]): Uint8Array => {
  const copy = record.slice();
  copy.set(values, at);
  return copy;
};

describe.each(KINDS)('a record in %s', (kind, mostBytes) => {
  const random = seededRandom(7);
  const pairs = [1, 2, 3].map((epoch) => pairWith(kind, random, epoch));
  const states = pairs.map(({ pair, side }) => pair[side]);

  test('gives back the state, which goes on as before', () => {
    for (const { pair, side } of pairs) {
      const read = stored(pair[side]);
      expect(read).toEqual(pair[side]);
      const peer = side === 'alice' ? 'bob' : 'alice';
      expect(sendSpqr(read, seededRandom(1))).toEqual(sendSpqr(pair[side], seededRandom(1)));
      const { message } = sendSpqr(pair[peer], seededRandom(2));
      expect(receive(read, message)).toEqual(receive(pair[side], message));
    }
  });

  test('is small', () => {
    for (const state of states) {
      const skipped = state.chains.links.flatMap(({ receiving }) => receiving.skipped).length;
      expect(encodeSpqr(state).length - SKIPPED_KEY_BYTES * skipped).toBeLessThanOrEqual(mostBytes);
    }
  });

  test('is refused when it is cut or longer', () => {
    for (const state of states) {
      const record = encodeSpqr(state);
      for (let length = 0; length < record.length; length += 1) refuses(record.subarray(0, length));
      refuses(Uint8Array.of(...record, 0));
    }
  });

  test('with a changed bit in any byte is refused or canonical again', () => {
    const record = encodeSpqr(states[1]!);
    for (let byte = 0; byte < record.length; byte += 1) {
      const flipped = flipBit(record, 8 * byte + ((5 * byte) & 7));
      const code = errorCodeOf(() => {
        if (toHex(encodeSpqr(decodeSpqr(flipped))) !== toHex(flipped)) throw new Error(`byte ${byte}`);
      });
      if (code !== 'invalid-record') expect(code).toBeNull();
    }
  });

  test('of no known kind, epoch or direction is refused', () => {
    const record = encodeSpqr(states[2]!);
    refuses(changed(record, 0, 11));
    refuses(changed(record, 0, 255));
    refuses(changed(record, 1, 0, 0, 0, 0, 0, 0, 0, 0));
    refuses(changed(record, 1, 0, 0x20, 0, 0, 0, 0, 0, 0));
  });

  test('does not read further than it goes', () => {
    const record = encodeSpqr(states[0]!);
    const reader = createRecordReader(Uint8Array.of(...record, 1, 2, 3));
    readSpqr(reader);
    expect(reader.raw(3)).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('the chunks in a record', () => {
  const random = seededRandom(8);
  const start = pairWith('NoHeaderReceived', random).pair;
  const pair = exchange(exchange(start, 'alice', random), 'alice', random);
  const record = encodeSpqr(pair.bob);
  const count = BRAID_HEAD_BYTES;
  const second = count + 1 + 2 + 32;

  test('stand in ascending order, each once', () => {
    expect([...record.subarray(count, count + 3)]).toEqual([2, 0, 0]);
    expect([...record.subarray(second, second + 2)]).toEqual([0, 1]);
    refuses(changed(record, second, 0, 0));
    refuses(changed(record, count + 1, 0, 2));
    decodeSpqr(changed(record, second, 0xff, 0xff));
  });

  test('are fewer than the block has', () => {
    const { header } = pair.bob.braid as { header: readonly unknown[] };
    const whole = { ...pair.bob.braid, header: [...header, { index: 9, bytes: new Uint8Array(32) }] };
    refuses(encodeSpqr({ ...pair.bob, braid: whole as BraidState }));
  });

  test.each(['HeaderSent', 'EkSentCt1Received', 'Ct1Acknowledged'] as const)(
    'are one at least in %s',
    (kind) => {
      const { pair: other, side } = pairWith(kind, random);
      const { braid, chains } = other[side];
      const emptied = {
        HeaderSent: { ciphertext1: [] },
        EkSentCt1Received: { ciphertext2: [] },
        Ct1Acknowledged: { encapsulationKey: [] },
      }[kind];
      refuses(encodeSpqr({ braid: { ...braid, ...emptied } as BraidState, chains }));
    },
  );
});

describe('the chains in a record', () => {
  const random = seededRandom(9);
  const { pair } = pairWith('NoHeaderReceived', random);
  const { braid, chains } = pair.bob;
  const directionAt = BRAID_HEAD_BYTES + 1;
  const behindAt = directionAt + 1 + 32;
  const withSkipped = (...indexes: readonly number[]): Uint8Array => {
    const [link] = chains.links;
    const skipped = indexes.map((index) => ({ index, key: new Uint8Array(32) }));
    return encodeSpqr({
      braid,
      chains: { ...chains, links: [{ ...link!, receiving: { ...link!.receiving, counter: 5000, skipped } }] },
    });
  };

  test('have one of two directions', () => {
    const record = encodeSpqr(pair.bob);
    expect(record[directionAt]).toBe(1);
    expect(decodeSpqr(changed(record, directionAt, 0)).chains.direction).toBe('a-to-b');
    refuses(changed(record, directionAt, 2));
  });

  test('have a send epoch that fits the braid', () => {
    refuses(changed(encodeSpqr(pair.bob), behindAt, 1));
    for (const [kind, mayHaveSent] of [
      ['KeysUnsampled', false],
      ['NoHeaderReceived', true],
      ['Ct1Sampled', false],
      ['Ct2Sampled', false],
    ] as const) {
      const { pair: later, side } = pairWith(kind, random, 3);
      const state = later[side];
      expect(state.chains.currentEpoch - state.chains.sendEpoch).toBe(1);
      const sent = { ...state, chains: sendingKey(state.chains, state.chains.currentEpoch).chains };
      if (mayHaveSent) stored(sent);
      else refuses(encodeSpqr(sent));
    }
  });

  test('begin with epoch 1 of the braid', () => {
    const { pair: early } = pairWith('KeysSampled', random);
    const { braid: sampled, chains: first } = early.alice;
    refuses(encodeSpqr({ braid: { ...sampled, epoch: 0 }, chains: { ...first, links: [] } }));
  });

  test('keep keys in ascending order, 1 to 2,000 behind', () => {
    expect(decodeSpqr(withSkipped(3000, 3001, 4999)).chains.links[0]!.receiving.skipped.length).toBe(3);
    for (const indexes of [[2999], [5000], [3001, 3000], [3001, 3001]]) refuses(withSkipped(...indexes));
  });

  test('keep no key of index 0', () => {
    const [link] = chains.links;
    const kept = (index: number) =>
      encodeSpqr({
        braid,
        chains: {
          ...chains,
          links: [
            {
              ...link!,
              receiving: { ...link!.receiving, counter: 10, skipped: [{ index, key: new Uint8Array(32) }] },
            },
          ],
        },
      });
    decodeSpqr(kept(1));
    refuses(kept(0));
  });
});
