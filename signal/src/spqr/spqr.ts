import { wipe } from '../bytes.ts';
import type { RandomBytes } from '../random.ts';
import { receiveBraid } from './braid-receive.ts';
import { sendBraid } from './braid-send.ts';
import { initBraid, type BraidState, type EpochSecret } from './braid-state.ts';
import { decodeSpqrMessage, encodeSpqrMessage, type BraidMessage } from './spqr-message.ts';
import {
  addEpoch,
  holdsEpoch,
  initChains,
  receivingKey,
  sendingKey,
  workToKey,
  type Direction,
  type SymmetricChains,
} from './symmetric-chains.ts';

/**
 * SPQR version 1, the Sparse Post-Quantum Ratchet (signal.org/docs/specifications/doubleratchet, "Triple Ratchet"):
 * gives each message one more key. Messages of braid epoch e are keyed by the chains of epoch e - 1.
 */

export type { Direction } from './symmetric-chains.ts';

/** Immutable: every operation gives a new one, and a refused message leaves the given one as it was. */
export type SpqrState = { readonly braid: BraidState; readonly chains: SymmetricChains };

/** Takes and wipes the secret that the braid gave. */
const withOutput = (chains: SymmetricChains, output: EpochSecret | undefined): SymmetricChains => {
  if (!output) return chains;
  const added = addEpoch(chains, output);
  wipe(output.secret);
  return added;
};

/**
 * @param pqrKey 32 bytes of the handshake
 * @param direction 'a-to-b' for its initiator
 */
export const initSpqr = (pqrKey: Uint8Array, direction: Direction): SpqrState => ({
  braid: initBraid(pqrKey, direction === 'a-to-b'),
  chains: initChains(pqrKey, direction),
});

/**
 * What goes with a message in clear, and its key (32 bytes). Draws 64 random bytes when it makes a key pair, 32 when it
 * encapsulates, otherwise none.
 *
 * @throws SignalError `no-session` after 2^32 - 1 messages in one epoch
 */
export const sendSpqr = (
  { braid, chains }: SpqrState,
  random: RandomBytes,
): { readonly state: SpqrState; readonly message: Uint8Array; readonly key: Uint8Array } => {
  const { epoch } = braid;
  const sent = sendBraid(braid, random);
  const keyed = sendingKey(withOutput(chains, sent.output), epoch - 1);
  return {
    state: { braid: sent.state, chains: keyed.chains },
    message: encodeSpqrMessage({ epoch, payload: sent.payload }, keyed.index),
    key: keyed.key,
  };
};

/** What came with a message, and the chains without its key. */
export type TakenSpqrKey = {
  readonly said: BraidMessage;
  readonly chains: SymmetricChains;
  readonly key: Uint8Array | null;
};

/**
 * The key (32 bytes) of the message that `message` came with, before anything vouches for it. Null is no key: peers of
 * before the post-quantum ratchet became mandatory send so until they have read an answer, which is long before the
 * chains of the handshake are given up.
 *
 * @throws SignalError `invalid-message`
 */
export const takeSpqrKey = ({ chains }: SpqrState, message: Uint8Array): TakenSpqrKey => {
  const { message: said, index } = decodeSpqrMessage(message);
  if (said.epoch === 1 && index === 0 && holdsEpoch(chains, 0)) return { said, chains, key: null };
  return { said, ...receivingKey(chains, said.epoch - 1, index) };
};

/** What {@link takeSpqrKey} does, in HMACs. @throws SignalError `invalid-message` when no state could read it */
export const workToSpqrKey = ({ chains }: SpqrState, message: Uint8Array): number => {
  const { message: said, index } = decodeSpqrMessage(message);
  return workToKey(chains, said.epoch - 1, index);
};

/**
 * The state after a message whose own MAC was right. The message's key is not one that its part of the braid gives.
 *
 * @throws SignalError `invalid-message`
 */
export const receiveSpqr = ({ braid }: SpqrState, { said, chains }: TakenSpqrKey): SpqrState => {
  const { state, output } = receiveBraid(braid, said);
  return { braid: state, chains: withOutput(chains, output) };
};
