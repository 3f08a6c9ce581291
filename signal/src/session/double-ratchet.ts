import { ascii, equalBytes, wipe } from '../bytes.ts';
import { agree, generateKeyPair, type KeyPair } from '../curve.ts';
import { hkdf } from '../kdf.ts';
import type { RandomBytes } from '../random.ts';
import { SignalError } from '../signal-error.ts';
import { MAX_COUNTER, receivingChain, type ReceivingChain } from './receiving-chain.ts';
import { nextChainKey, seedOf } from './message-keys.ts';

/**
 * The Double Ratchet of signal.org/docs/specifications/doubleratchet with the choices of Signal: both root steps are
 * made when a new ratchet key is received, and five receiving chains are kept.
 *
 * States share arrays with the states they came from, so only what never got into a state is wiped.
 */
export type DoubleRatchet = {
  /** 32 bytes. */
  readonly rootKey: Uint8Array;
  readonly sending: SendingChain;
  /** The last counter used on the previous sending chain, 0 when there was none. */
  readonly previousCounter: number;
  /** In order of creation. */
  readonly receiving: readonly ReceivingChain[];
};

export type SendingChain = {
  readonly ratchetKey: KeyPair;
  /** 32 bytes. */
  readonly chainKey: Uint8Array;
  /** Of the next message. */
  readonly counter: number;
};

/** When a sixth one comes, the oldest is dropped. */
export const MAX_RECEIVING_CHAINS = 5;

const ROOT_LABEL = ascii('WhisperRatchet');

/** A new root key and chain key (32 bytes each) from a Diffie-Hellman output, which is wiped. */
export const rootStep = (
  rootKey: Uint8Array,
  agreed: Uint8Array,
): { readonly rootKey: Uint8Array; readonly chainKey: Uint8Array } => {
  const output = hkdf(rootKey, agreed, ROOT_LABEL, 64);
  const keys = { rootKey: output.slice(0, 32), chainKey: output.slice(32, 64) };
  wipe(agreed, output);
  return keys;
};

/**
 * Side of the one who starts: sends at once. The receiving chain of the other side's signed pre-key is never used by
 * a correct peer, but counts among the five.
 */
export const initiatorRatchet = (
  handshake: { readonly rootKey: Uint8Array; readonly chainKey: Uint8Array },
  signedPreKey: Uint8Array,
  ratchetKey: KeyPair,
): DoubleRatchet => {
  const { rootKey, chainKey } = rootStep(handshake.rootKey, agree(ratchetKey.privateKey, signedPreKey));
  return {
    rootKey,
    sending: { ratchetKey, chainKey, counter: 0 },
    previousCounter: 0,
    receiving: [receivingChain(signedPreKey, handshake.chainKey)],
  };
};

/** Side of the one whose bundle was used: the first message replaces the sending chain before it is used. */
export const responderRatchet = (
  { rootKey, chainKey }: { readonly rootKey: Uint8Array; readonly chainKey: Uint8Array },
  signedPreKey: KeyPair,
): DoubleRatchet => ({
  rootKey,
  sending: { ratchetKey: signedPreKey, chainKey, counter: 0 },
  previousCounter: 0,
  receiving: [],
});

/** The chain of a remote ratchet key, after a ratchet step when the key is new: it is the last one then. */
export const ratchetTo = (
  ratchet: DoubleRatchet,
  remoteKey: Uint8Array,
  random: RandomBytes,
): { readonly ratchet: DoubleRatchet; readonly chain: ReceivingChain } => {
  const known = ratchet.receiving.find(({ ratchetKey }) => equalBytes(ratchetKey, remoteKey));
  if (known !== undefined) return { ratchet, chain: known };
  const receiving = rootStep(ratchet.rootKey, agree(ratchet.sending.ratchetKey.privateKey, remoteKey));
  const ratchetKey = generateKeyPair(random);
  const sending = rootStep(receiving.rootKey, agree(ratchetKey.privateKey, remoteKey));
  wipe(receiving.rootKey);
  const chain = receivingChain(remoteKey, receiving.chainKey);
  return {
    ratchet: {
      rootKey: sending.rootKey,
      sending: { ratchetKey, chainKey: sending.chainKey, counter: 0 },
      previousCounter: Math.max(0, ratchet.sending.counter - 1),
      receiving: [...ratchet.receiving, chain].slice(-MAX_RECEIVING_CHAINS),
    },
    chain,
  };
};

/** The ratchet with another state of one of its chains. */
export const withChain = (
  ratchet: DoubleRatchet,
  chain: ReceivingChain,
  changed: ReceivingChain,
): DoubleRatchet => ({
  ...ratchet,
  receiving: ratchet.receiving.map((other) => (other === chain ? changed : other)),
});

/** The seed of the next message to send. @throws SignalError `no-session` after 2^32 - 1 messages without an answer */
export const nextSeed = (
  ratchet: DoubleRatchet,
): { readonly ratchet: DoubleRatchet; readonly seed: Uint8Array } => {
  const { ratchetKey, chainKey, counter } = ratchet.sending;
  if (counter === MAX_COUNTER) throw new SignalError('no-session');
  return {
    ratchet: {
      ...ratchet,
      sending: { ratchetKey, chainKey: nextChainKey(chainKey), counter: counter + 1 },
    },
    seed: seedOf(chainKey),
  };
};
