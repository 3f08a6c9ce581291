import { concat, equalBytes } from '../bytes.ts';
import { refuse } from '../signal-error.ts';
import { epochSecretOf, macOfCiphertext, macOfHeader, updateAuthenticator } from './authenticator.ts';
import {
  SIGNED_CIPHERTEXT_2_BYTES,
  SIGNED_HEADER_BYTES,
  type BraidState,
  type Ct1Acknowledged,
  type Ct1Sampled,
  type EkReceivedCt1Sampled,
  type EkSentCt1Received,
  type EpochSecret,
  type HeaderSent,
  type KeysSampled,
  type NoHeaderReceived,
} from './braid-state.ts';
import { createEncoder, receiveChunk, type Chunk } from './erasure-code.ts';
import {
  CIPHERTEXT_1_BYTES,
  CIPHERTEXT_2_BYTES,
  decapsulate,
  ENCAPSULATION_KEY_BYTES,
  encapsulateSecond,
  HEADER_BYTES,
  matchesHeader,
  publicKeyOf,
} from './incremental-ml-kem-768.ts';
import type { BraidMessage, Payload } from './spqr-message.ts';

export type ReceivedByBraid = { readonly state: BraidState; readonly output?: EpochSecret };

const takeHeader = (state: NoHeaderReceived, chunk: Chunk): BraidState => {
  const received = receiveChunk(state.header, chunk, SIGNED_HEADER_BYTES);
  if (!received.block) return { ...state, header: received.decoder };
  const { epoch, authenticator } = state;
  const header = received.block.slice(0, HEADER_BYTES);
  const mac = received.block.subarray(HEADER_BYTES);
  if (!equalBytes(mac, macOfHeader(authenticator, epoch, header))) refuse('invalid-message');
  return { kind: 'HeaderReceived', epoch, authenticator, header };
};

const takeFirstOfCiphertext1 = ({ epoch, authenticator, seed }: KeysSampled, chunk: Chunk): BraidState => {
  const encapsulationKey = createEncoder(publicKeyOf(seed).encapsulationKey);
  return { kind: 'HeaderSent', epoch, authenticator, seed, encapsulationKey, ciphertext1: [chunk] };
};

const takeCiphertext1 = (state: HeaderSent, chunk: Chunk): BraidState => {
  const received = receiveChunk(state.ciphertext1, chunk, CIPHERTEXT_1_BYTES);
  return received.block
    ? { ...state, kind: 'Ct1Received', ciphertext1: received.block }
    : { ...state, ciphertext1: received.decoder };
};

const takeCiphertext2 = (state: EkSentCt1Received, chunk: Chunk): ReceivedByBraid => {
  const received = receiveChunk(state.ciphertext2, chunk, SIGNED_CIPHERTEXT_2_BYTES);
  if (!received.block) return { state: { ...state, ciphertext2: received.decoder } };
  const { epoch, seed } = state;
  const ciphertext = concat(state.ciphertext1, received.block.subarray(0, CIPHERTEXT_2_BYTES));
  const mac = received.block.subarray(CIPHERTEXT_2_BYTES);
  const secret = epochSecretOf(epoch, decapsulate(seed, ciphertext));
  const authenticator = updateAuthenticator(state.authenticator, epoch, secret);
  if (!equalBytes(mac, macOfCiphertext(authenticator, epoch, ciphertext))) refuse('invalid-message');
  return {
    state: { kind: 'NoHeaderReceived', epoch: epoch + 1, authenticator, header: [] },
    output: { epoch, secret },
  };
};

const sampleCiphertext2 = (
  { epoch, authenticator, encapsulation }: Ct1Sampled | EkReceivedCt1Sampled | Ct1Acknowledged,
  ciphertext1: Uint8Array,
  encapsulationKey: Uint8Array,
): BraidState => {
  const ciphertext2 = encapsulateSecond(encapsulationKey, encapsulation);
  const mac = macOfCiphertext(authenticator, epoch, concat(ciphertext1, ciphertext2));
  return { kind: 'Ct2Sampled', epoch, authenticator, ciphertext2: createEncoder(concat(ciphertext2, mac)) };
};

/** A chunk of t̂; `acknowledged`: the owner has all of the first ciphertext. */
const takeEncapsulationKey = (
  state: Ct1Sampled | Ct1Acknowledged,
  chunk: Chunk,
  acknowledged: boolean,
): BraidState => {
  const received = receiveChunk(state.encapsulationKey, chunk, ENCAPSULATION_KEY_BYTES);
  const { epoch, authenticator, header, encapsulation } = state;
  const ciphertext1 = state.kind === 'Ct1Sampled' ? state.ciphertext1.block : state.ciphertext1;
  if (!received.block) {
    const encapsulationKey = received.decoder;
    return acknowledged
      ? {
          kind: 'Ct1Acknowledged',
          epoch,
          authenticator,
          header,
          encapsulation,
          ciphertext1,
          encapsulationKey,
        }
      : { ...state, encapsulationKey };
  }
  const encapsulationKey = received.block;
  if (!matchesHeader(encapsulationKey, header)) refuse('invalid-message');
  return acknowledged || state.kind === 'Ct1Acknowledged'
    ? sampleCiphertext2(state, ciphertext1, encapsulationKey)
    : {
        kind: 'EkReceivedCt1Sampled',
        epoch,
        authenticator,
        encapsulation,
        ciphertext1: state.ciphertext1,
        encapsulationKey,
      };
};

/** A payload of the state's own epoch. Those that a state does not wait for leave it as it is. */
const take = (state: BraidState, payload: Payload): ReceivedByBraid => {
  switch (state.kind) {
    case 'KeysSampled':
      return payload.type === 'Ct1' ? { state: takeFirstOfCiphertext1(state, payload.chunk) } : { state };
    case 'HeaderSent':
      return payload.type === 'Ct1' ? { state: takeCiphertext1(state, payload.chunk) } : { state };
    case 'Ct1Received': {
      if (payload.type !== 'Ct2') return { state };
      const { epoch, authenticator, seed, ciphertext1 } = state;
      const ciphertext2 = [payload.chunk];
      return {
        state: { kind: 'EkSentCt1Received', epoch, authenticator, seed, ciphertext1, ciphertext2 },
      };
    }
    case 'EkSentCt1Received':
      return payload.type === 'Ct2' ? takeCiphertext2(state, payload.chunk) : { state };
    case 'NoHeaderReceived':
      return payload.type === 'Hdr' ? { state: takeHeader(state, payload.chunk) } : { state };
    case 'Ct1Sampled':
    case 'Ct1Acknowledged':
      return payload.type === 'Ek' || payload.type === 'EkCt1Ack'
        ? { state: takeEncapsulationKey(state, payload.chunk, payload.type === 'EkCt1Ack') }
        : { state };
    case 'EkReceivedCt1Sampled':
      return payload.type === 'Ct1Ack' || payload.type === 'EkCt1Ack'
        ? { state: sampleCiphertext2(state, state.ciphertext1.block, state.encapsulationKey) }
        : { state };
    case 'KeysUnsampled':
    case 'HeaderReceived':
    case 'Ct2Sampled':
      return { state };
  }
};

/**
 * Takes what came with a message. What an older epoch says is not looked at any more.
 *
 * @throws SignalError `invalid-message` when the epoch is too new, a MAC is wrong, or t̂ does not match its header
 */
export const receiveBraid = (state: BraidState, { epoch, payload }: BraidMessage): ReceivedByBraid => {
  if (epoch < state.epoch) return { state };
  if (epoch === state.epoch) return take(state, payload);
  if (state.kind === 'Ct2Sampled' && epoch === state.epoch + 1) {
    return { state: { kind: 'KeysUnsampled', epoch, authenticator: state.authenticator } };
  }
  return refuse('invalid-message');
};
