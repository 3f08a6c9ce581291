import { concat } from '../bytes.ts';
import type { RandomBytes } from '../random.ts';
import { epochSecretOf, macOfHeader, updateAuthenticator } from './authenticator.ts';
import type { BraidState, EpochSecret, HeaderReceived, KeysUnsampled } from './braid-state.ts';
import { createEncoder, nextChunk } from './erasure-code.ts';
import { encapsulateFirst, MESSAGE_BYTES, publicKeyOf, SEED_BYTES } from './incremental-ml-kem-768.ts';
import type { Payload } from './spqr-message.ts';

export type Sent = {
  readonly state: BraidState;
  readonly payload: Payload;
  readonly output?: EpochSecret;
};

const sampleKeys = ({ epoch, authenticator }: KeysUnsampled, random: RandomBytes): Sent => {
  const seed = random(SEED_BYTES);
  const { header: bare } = publicKeyOf(seed);
  const block = concat(bare, macOfHeader(authenticator, epoch, bare));
  const { encoder: header, chunk } = nextChunk(createEncoder(block));
  return {
    state: { kind: 'KeysSampled', epoch, authenticator, seed, header },
    payload: { type: 'Hdr', chunk },
  };
};

const sampleCiphertext1 = ({ epoch, authenticator, header }: HeaderReceived, random: RandomBytes): Sent => {
  const {
    ciphertext1: block,
    sharedSecret,
    secret: encapsulation,
  } = encapsulateFirst(header, random(MESSAGE_BYTES));
  const secret = epochSecretOf(epoch, sharedSecret);
  const { encoder: ciphertext1, chunk } = nextChunk(createEncoder(block));
  return {
    state: {
      kind: 'Ct1Sampled',
      epoch,
      authenticator: updateAuthenticator(authenticator, epoch, secret),
      header,
      encapsulation,
      ciphertext1,
      encapsulationKey: [],
    },
    payload: { type: 'Ct1', chunk },
    output: { epoch, secret },
  };
};

/**
 * What goes with the next message; its epoch is the state's. It never fails. Draws 64 random bytes in KeysUnsampled, 32
 * in HeaderReceived.
 */
export const sendBraid = (state: BraidState, random: RandomBytes): Sent => {
  switch (state.kind) {
    case 'KeysUnsampled':
      return sampleKeys(state, random);
    case 'KeysSampled': {
      const { encoder: header, chunk } = nextChunk(state.header);
      return { state: { ...state, header }, payload: { type: 'Hdr', chunk } };
    }
    case 'HeaderSent': {
      const { encoder: encapsulationKey, chunk } = nextChunk(state.encapsulationKey);
      return { state: { ...state, encapsulationKey }, payload: { type: 'Ek', chunk } };
    }
    case 'Ct1Received': {
      const { encoder: encapsulationKey, chunk } = nextChunk(state.encapsulationKey);
      return { state: { ...state, encapsulationKey }, payload: { type: 'EkCt1Ack', chunk } };
    }
    case 'EkSentCt1Received':
      return { state, payload: { type: 'Ct1Ack' } };
    case 'NoHeaderReceived':
    case 'Ct1Acknowledged':
      return { state, payload: { type: 'None' } };
    case 'HeaderReceived':
      return sampleCiphertext1(state, random);
    case 'Ct1Sampled':
    case 'EkReceivedCt1Sampled': {
      const { encoder: ciphertext1, chunk } = nextChunk(state.ciphertext1);
      return { state: { ...state, ciphertext1 }, payload: { type: 'Ct1', chunk } };
    }
    case 'Ct2Sampled': {
      const { encoder: ciphertext2, chunk } = nextChunk(state.ciphertext2);
      return { state: { ...state, ciphertext2 }, payload: { type: 'Ct2', chunk } };
    }
  }
};
