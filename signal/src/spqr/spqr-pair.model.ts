import { shake256 } from '@noble/hashes/sha3.js';
import { expect } from 'vitest';
import { be32, equalBytes } from '../bytes.ts';
import type { RandomBytes } from '../random.ts';
import { createRecordReader, createRecordWriter } from '../record-format.ts';
import { errorCodeOf } from '../testing/signal-error.model.ts';
import type { BraidState } from './braid-state.ts';
import { readSpqr, writeSpqr } from './spqr-record.ts';
import { initSpqr, receiveSpqr, sendSpqr, takeSpqrKey, type SpqrState } from './spqr.ts';

/** Two sides of SPQR without the Double Ratchet around it. */

/** The same bytes for the same seed. */
export const seededRandom = (seed: number): RandomBytes => {
  const stream = shake256.create().update(be32(seed));
  return (length) => stream.xof(length);
};

export const encodeSpqr = (state: SpqrState): Uint8Array => {
  const writer = createRecordWriter();
  writeSpqr(writer, state);
  return writer.finish();
};

export const decodeSpqr = (bytes: Uint8Array): SpqrState => {
  const reader = createRecordReader(bytes);
  const state = readSpqr(reader);
  reader.end();
  return state;
};

/** As it comes back from its record, which is canonical. */
export const stored = (state: SpqrState): SpqrState => {
  const record = encodeSpqr(state);
  const read = decodeSpqr(record);
  if (!equalBytes(encodeSpqr(read), record)) throw new Error('the record is not canonical');
  return read;
};

/** As when the message's own MAC was right. */
export const receive = (
  state: SpqrState,
  message: Uint8Array,
): { readonly state: SpqrState; readonly key: Uint8Array | null } => {
  const taken = takeSpqrKey(state, message);
  return { state: receiveSpqr(state, taken), key: taken.key };
};

/** The state refuses the message, and stays byte for byte as it was. */
export const expectRefused = (state: SpqrState, message: Uint8Array): void => {
  const before = encodeSpqr(state);
  expect(errorCodeOf(() => receive(state, message))).toBe('invalid-message');
  expect(equalBytes(encodeSpqr(state), before)).toBe(true);
};

export type Side = 'alice' | 'bob';
export const otherSide = (side: Side): Side => (side === 'alice' ? 'bob' : 'alice');

export type Pair = Readonly<Record<Side, SpqrState>>;
export type Sent = { readonly from: Side; readonly message: Uint8Array; readonly key: Uint8Array };

/** Alice began the handshake. */
export const startPair = (random: RandomBytes): Pair => {
  const pqrKey = random(32);
  return { alice: initSpqr(pqrKey, 'a-to-b'), bob: initSpqr(pqrKey, 'b-to-a') };
};

export const send = (
  pair: Pair,
  from: Side,
  random: RandomBytes,
): { readonly pair: Pair; readonly sent: Sent } => {
  const { state, message, key } = sendSpqr(pair[from], random);
  return { pair: { ...pair, [from]: state }, sent: { from, message, key } };
};

/** The receiver finds the sender's key. */
export const deliver = (pair: Pair, { from, message, key }: Sent): Pair => {
  const to = otherSide(from);
  const received = receive(pair[to], message);
  if (!received.key || !equalBytes(received.key, key)) throw new Error('another key');
  return { ...pair, [to]: received.state };
};

export const exchange = (pair: Pair, from: Side, random: RandomBytes): Pair => {
  const { pair: after, sent } = send(pair, from, random);
  return deliver(after, sent);
};

/** A pair in which one side is in a state of this kind, as early as possible in this epoch or later. */
export const pairWith = (
  kind: BraidState['kind'],
  random: RandomBytes,
  epoch = 1,
): { readonly pair: Pair; readonly side: Side } => {
  let pair = startPair(random);
  for (let turn = 0; turn < 10_000; turn += 1) {
    for (const side of ['alice', 'bob'] as const) {
      if (pair[side].braid.kind === kind && pair[side].braid.epoch >= epoch) return { pair, side };
    }
    const from = turn % 2 === 0 ? 'alice' : 'bob';
    const { pair: after, sent } = send(pair, from, random);
    // The key arrives whole before the first ciphertext only when chunks of the latter are lost.
    const lost = kind === 'EkReceivedCt1Sampled' && pair[from].braid.kind === 'Ct1Sampled' && turn % 8 !== 1;
    pair = lost ? after : deliver(after, sent);
  }
  throw new Error(`no ${kind}`);
};
