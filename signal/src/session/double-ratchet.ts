import { ascii, equalBytes, wipe } from '../bytes.ts';
import { agree, generateKeyPair, type KeyPair } from '../curve.ts';
import { hkdf } from '../kdf.ts';
import type { RandomBytes } from '../random.ts';
import { SignalError } from '../signal-error.ts';
import { MAX_COUNTER, receivingChain, type ReceivingChain } from './receiving-chain.ts';
import { nextChainKey, seedOf } from './message-keys.ts';

/**
 * The Double Ratchet of signal.org/docs/specifications/doubleratchet with the choices of Signal: both root steps are
 * made when a new ratchet key is received, and five receiving chains are kept. States share arrays with the states they
 * came from.
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

const copyOf = ({ publicKey, privateKey }: KeyPair): KeyPair => ({
  publicKey: publicKey.slice(),
  privateKey: privateKey.slice(),
});

/** Side of the one whose bundle was used: the first message replaces the sending chain before it is used. */
export const responderRatchet = (
  { rootKey, chainKey }: { readonly rootKey: Uint8Array; readonly chainKey: Uint8Array },
  signedPreKey: KeyPair,
): DoubleRatchet => ({
  rootKey,
  sending: { ratchetKey: copyOf(signedPreKey), chainKey, counter: 0 },
  previousCounter: 0,
  receiving: [],
});

/** The chain of a remote ratchet key; undefined when the key is new. */
export const chainOf = ({ receiving }: DoubleRatchet, remoteKey: Uint8Array): ReceivingChain | undefined =>
  receiving.find(({ ratchetKey }) => equalBytes(ratchetKey, remoteKey));

/** The chain that a message is on, and when its ratchet key is new the root key (32 bytes) half-way through the step. */
export type ReachedChain = { readonly chain: ReceivingChain; readonly rootKey: Uint8Array | null };

/** Makes no more than the first half of a ratchet step: nothing vouches for the key yet. */
export const reachChain = (ratchet: DoubleRatchet, remoteKey: Uint8Array): ReachedChain => {
  const known = chainOf(ratchet, remoteKey);
  if (known !== undefined) return { chain: known, rootKey: null };
  const agreed = agree(ratchet.sending.ratchetKey.privateKey, remoteKey);
  const { rootKey, chainKey } = rootStep(ratchet.rootKey, agreed);
  return { chain: receivingChain(remoteKey, chainKey), rootKey };
};

/** The ratchet with the reached chain in a later state, after the whole step when its key is new (draws 32 bytes). */
export const withReached = (
  ratchet: DoubleRatchet,
  { chain, rootKey }: ReachedChain,
  changed: ReceivingChain,
  random: RandomBytes,
): DoubleRatchet => {
  if (rootKey === null) {
    const receiving = ratchet.receiving.map((other) => (other === chain ? changed : other));
    return { ...ratchet, receiving };
  }
  const ratchetKey = generateKeyPair(random);
  const sending = rootStep(rootKey, agree(ratchetKey.privateKey, chain.ratchetKey));
  return {
    rootKey: sending.rootKey,
    sending: { ratchetKey, chainKey: sending.chainKey, counter: 0 },
    previousCounter: Math.max(0, ratchet.sending.counter - 1),
    receiving: [...ratchet.receiving, changed].slice(-MAX_RECEIVING_CHAINS),
  };
};

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
