import { sha3_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { concat } from '../bytes.ts';
import { expectCode } from '../testing/signal-error.model.ts';
import { flipBit } from '../testing/vectors.model.ts';
import { macOfHeader } from './authenticator.ts';
import { receiveBraid } from './braid-receive.ts';
import { sendBraid } from './braid-send.ts';
import { initBraid, type BraidState } from './braid-state.ts';
import { createEncoder, nextChunk, type Chunk } from './erasure-code.ts';
import { publicKeyOf } from './incremental-ml-kem-768.ts';
import type { Payload } from './spqr-message.ts';
import { otherSide, pairWith, seededRandom } from './spqr-pair.model.ts';

type Kind = BraidState['kind'];
type Type = Payload['type'];

const random = seededRandom(3);
const noRandom = (): Uint8Array => {
  throw new Error('a draw');
};
const TYPES: readonly Type[] = ['None', 'Hdr', 'Ek', 'EkCt1Ack', 'Ct1Ack', 'Ct1', 'Ct2'];
/** What each state sends, and what it takes; the rest leaves it as it is. */
const TABLE: readonly [Kind, Type, readonly Type[]][] = [
  ['KeysUnsampled', 'Hdr', []],
  ['KeysSampled', 'Hdr', ['Ct1']],
  ['HeaderSent', 'Ek', ['Ct1']],
  ['Ct1Received', 'EkCt1Ack', ['Ct2']],
  ['EkSentCt1Received', 'Ct1Ack', ['Ct2']],
  ['NoHeaderReceived', 'None', ['Hdr']],
  ['HeaderReceived', 'Ct1', []],
  ['Ct1Sampled', 'Ct1', ['Ek', 'EkCt1Ack']],
  ['EkReceivedCt1Sampled', 'Ct1', ['Ct1Ack', 'EkCt1Ack']],
  ['Ct1Acknowledged', 'None', ['Ek', 'EkCt1Ack']],
  ['Ct2Sampled', 'Ct2', []],
];

const payloadOf = (type: Type, chunk: Chunk = { index: 9, bytes: new Uint8Array(32) }): Payload =>
  type === 'None' || type === 'Ct1Ack' ? { type } : { type, chunk };
const take = (state: BraidState, payload: Payload): BraidState =>
  receiveBraid(state, { epoch: state.epoch, payload }).state;
const refuses = (state: BraidState, payload: Payload, epoch = state.epoch): void => {
  const copy = structuredClone(state);
  expectCode('invalid-message', () => receiveBraid(state, { epoch, payload }));
  expect(state).toEqual(copy);
};

/** One side in a state of this kind, and its peer. */
const inState = <K extends Kind>(kind: K, epoch = 1) => {
  const { pair, side } = pairWith(kind, random, epoch);
  const state = pair[side].braid as Extract<BraidState, { kind: K }>;
  return { state, peer: pair[otherSide(side)].braid };
};

describe.each(TABLE)('%s', (kind, sends, takes) => {
  const { state } = inState(kind, 2);
  const others = TYPES.filter((type) => !takes.includes(type));

  test(`sends ${sends}`, () => {
    const copy = structuredClone(state);
    const draws: number[] = [];
    const sent = sendBraid(state, (length) => {
      draws.push(length);
      return random(length);
    });
    expect(sent.payload.type).toBe(sends);
    expect(draws).toEqual({ KeysUnsampled: [64], HeaderReceived: [32] }[kind as string] ?? []);
    expect(sent.output?.epoch).toBe(kind === 'HeaderReceived' ? state.epoch : undefined);
    expect(state).toEqual(copy);
    const next = { KeysUnsampled: 'KeysSampled', HeaderReceived: 'Ct1Sampled' }[kind as string] ?? kind;
    expect(sent.state.kind).toBe(next);
  });

  test.each(others)('stays as it is when it receives %s', (type) => {
    expect(receiveBraid(state, { epoch: state.epoch, payload: payloadOf(type) })).toEqual({ state });
  });

  test.each(TYPES)('does not look at %s of an older epoch', (type) => {
    const received = receiveBraid(state, { epoch: state.epoch - 1, payload: payloadOf(type) });
    expect(received).toEqual({ state });
  });

  test('refuses a newer epoch, but Ct2Sampled the next one', () => {
    for (const type of TYPES) {
      refuses(state, payloadOf(type), state.epoch + 2);
      if (kind === 'Ct2Sampled') {
        const { epoch, authenticator } = state;
        expect(receiveBraid(state, { epoch: epoch + 1, payload: payloadOf(type) })).toEqual({
          state: { kind: 'KeysUnsampled', epoch: epoch + 1, authenticator },
        });
      } else refuses(state, payloadOf(type), state.epoch + 1);
    }
  });
});

test('two epochs without loss and in turn, as they look from outside', () => {
  const pqrKey = random(32);
  const braids = { alice: initBraid(pqrKey, true), bob: initBraid(pqrKey, false) };
  const said: Record<'alice' | 'bob', [string, number][]> = { alice: [], bob: [] };
  const outputs: { side: string; epoch: number; secret: Uint8Array }[] = [];
  const turn = (from: 'alice' | 'bob', to: 'alice' | 'bob'): void => {
    const { epoch } = braids[from];
    const sent = sendBraid(braids[from], random);
    const received = receiveBraid(braids[to], { epoch, payload: sent.payload });
    braids[from] = sent.state;
    braids[to] = received.state;
    if (sent.output) outputs.push({ side: from, ...sent.output });
    if (received.output) outputs.push({ side: to, ...received.output });
    const what = `${epoch} ${sent.payload.type}`;
    const last = said[from].at(-1);
    if (last?.[0] === what) last[1] += 1;
    else said[from].push([what, 1]);
  };
  while (braids.alice.epoch < 3 || braids.bob.epoch < 3) {
    turn('alice', 'bob');
    turn('bob', 'alice');
  }
  const owner = (epoch: number) => [
    [`${epoch} Hdr`, 3],
    [`${epoch} Ek`, 29],
    [`${epoch} EkCt1Ack`, 7],
    [`${epoch} Ct1Ack`, 4],
  ];
  const encapsulator = (epoch: number, none: number) => [
    [`${epoch} None`, none],
    [`${epoch} Ct1`, 30],
    [`${epoch} None`, 6],
    [`${epoch} Ct2`, 5],
  ];
  expect(said.alice).toEqual([...owner(1), ...encapsulator(2, 3)]);
  expect(said.bob).toEqual([...encapsulator(1, 2), ...owner(2), ['3 None', 1]]);
  // The encapsulator knows the secret first.
  expect(outputs.map(({ side, epoch }) => `${side} ${epoch}`)).toEqual([
    'bob 1',
    'alice 1',
    'alice 2',
    'bob 2',
  ]);
  expect(outputs[0]!.secret).toEqual(outputs[1]!.secret);
  expect(outputs[2]!.secret).toEqual(outputs[3]!.secret);
});

describe('a wrong chunk', () => {
  /** Takes all but the last chunk of a block, then refuses every chunk that would complete it. */
  const expectStuck = (start: BraidState, type: Type, block: Uint8Array, wrong: number): void => {
    const chunk = (index: number) => nextChunk({ block, next: index }).chunk;
    const count = block.length / 32;
    let state = start;
    for (let index = 0; index < count - 1; index += 1) {
      const { bytes } = chunk(index);
      state = take(state, payloadOf(type, { index, bytes: index === wrong ? flipBit(bytes, 77) : bytes }));
    }
    for (const index of [count - 1, count, count + 1, 65_535]) refuses(state, payloadOf(type, chunk(index)));
  };
  const blockOf = (encoder: { block: Uint8Array }): Uint8Array => encoder.block;

  test.each([0, 1])('of the header (%i) fails its MAC', (wrong) => {
    const { state, peer } = inState('NoHeaderReceived');
    expect(state.header).toEqual([]);
    const sampled = sendBraid(peer, random).state as Extract<BraidState, { kind: 'KeysSampled' }>;
    expectStuck(state, 'Hdr', blockOf(sampled.header), wrong);
  });

  test('of the header’s MAC fails it', () => {
    const { state, peer } = inState('NoHeaderReceived');
    const sampled = sendBraid(peer, random).state as Extract<BraidState, { kind: 'KeysSampled' }>;
    expectStuck(state, 'Hdr', flipBit(blockOf(sampled.header), 8 * 95), -1);
  });

  test.each(['Ek', 'EkCt1Ack'] as const)('of t̂ (%s) does not match the header', (type) => {
    const { state, peer } = inState('Ct1Sampled');
    const { seed } = peer as Extract<BraidState, { kind: 'HeaderSent' }>;
    expectStuck(state, type, publicKeyOf(seed).encapsulationKey, 20);
  });

  test.each(['first ciphertext', 'second ciphertext', 'MAC'])('of the %s fails the MAC', (part) => {
    const { state, peer } = inState('Ct2Sampled');
    const { ciphertext2 } = state;
    const owner = peer as Extract<BraidState, { kind: 'Ct1Received' }>;
    expect(owner.kind).toBe('Ct1Received');
    const broken =
      part === 'first ciphertext' ? { ...owner, ciphertext1: flipBit(owner.ciphertext1, 500) } : owner;
    const bit = { 'second ciphertext': 1000, MAC: 1200 }[part];
    expectStuck(broken, 'Ct2', bit === undefined ? ciphertext2.block : flipBit(ciphertext2.block, bit), -1);
  });
});

test('a t̂ with a coefficient that is not below q is refused, though its header is right', () => {
  const { state } = inState('NoHeaderReceived');
  const { header: bare, encapsulationKey } = publicKeyOf(random(64));
  const wrongKey = encapsulationKey.slice();
  wrongKey.set([0xff, 0xff, 0xff]);
  const rho = bare.subarray(0, 32);
  const header = concat(rho, sha3_256(concat(wrongKey, rho)));
  const block = concat(header, macOfHeader(state.authenticator, state.epoch, header));

  let encapsulator: BraidState = state;
  for (let encoder = createEncoder(block); encapsulator.kind === 'NoHeaderReceived';) {
    const sent = nextChunk(encoder);
    encapsulator = take(encapsulator, payloadOf('Hdr', sent.chunk));
    encoder = sent.encoder;
  }
  encapsulator = sendBraid(encapsulator, random).state;
  const keyChunk = (index: number) =>
    payloadOf('EkCt1Ack', nextChunk({ block: wrongKey, next: index }).chunk);
  for (let index = 0; index < 35; index += 1) encapsulator = take(encapsulator, keyChunk(index));
  expect(encapsulator.kind).toBe('Ct1Acknowledged');
  refuses(encapsulator, keyChunk(35));
});

test('the second ciphertext follows t̂ and either acknowledgement of the first one', () => {
  const { state } = inState('EkReceivedCt1Sampled');
  const acknowledged = take(state, { type: 'Ct1Ack' });
  expect(acknowledged.kind).toBe('Ct2Sampled');
  expect(take(state, payloadOf('EkCt1Ack'))).toEqual(acknowledged);
});

test('the header is read also from parity chunks alone', () => {
  const { state, peer } = inState('NoHeaderReceived');
  const { header } = sendBraid(peer, random).state as Extract<BraidState, { kind: 'KeysSampled' }>;
  let encapsulator: BraidState = state;
  for (const index of [5, 900, 65_535]) {
    encapsulator = take(encapsulator, payloadOf('Hdr', nextChunk({ ...header, next: index }).chunk));
  }
  expect(encapsulator).toEqual({
    kind: 'HeaderReceived',
    epoch: 1,
    authenticator: state.authenticator,
    header: header.block.slice(0, 64),
  });
});

test('an acknowledgement with a chunk that is held already still acknowledges', () => {
  const { state, peer } = inState('Ct1Sampled');
  const { seed } = peer as Extract<BraidState, { kind: 'HeaderSent' }>;
  const { chunk } = nextChunk(createEncoder(publicKeyOf(seed).encapsulationKey));
  const once = take(state, payloadOf('Ek', chunk));
  expect(take(once, payloadOf('Ek', chunk))).toEqual(once);
  expect(take(once, payloadOf('EkCt1Ack', chunk))).toMatchObject({
    kind: 'Ct1Acknowledged',
    encapsulationKey: [chunk],
    ciphertext1: state.ciphertext1.block,
  });
});

test('the encoders count on over a change of state', () => {
  const { state: sampled } = inState('EkReceivedCt1Sampled');
  expect(sampled.ciphertext1.next).toBeGreaterThan(30);
  const { state: owner } = inState('Ct1Received');
  expect(owner.encapsulationKey.next).toBeGreaterThanOrEqual(29);
  expect(sendBraid(owner, noRandom).payload).toMatchObject({
    type: 'EkCt1Ack',
    chunk: { index: owner.encapsulationKey.next },
  });
});
