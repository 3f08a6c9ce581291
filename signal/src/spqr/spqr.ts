import type { RandomBytes } from '../random.ts';
import { receiveBraid } from './braid-receive.ts';
import { sendBraid } from './braid-send.ts';
import { initBraid, type BraidState, type EpochSecret } from './braid-state.ts';
import { decodeSpqrMessage, encodeSpqrMessage } from './spqr-message.ts';
import {
  addEpoch,
  initChains,
  MAX_JUMP,
  receivingKey,
  sendingKey,
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

const withOutput = (chains: SymmetricChains, output: EpochSecret | undefined): SymmetricChains =>
  output ? addEpoch(chains, output) : chains;

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

/**
 * The key (32 bytes) of the message that `message` came with. Nothing vouches for `message` yet: keep the new state only
 * after the message's own MAC was right. Null is no key: peers of before the post-quantum ratchet became mandatory send
 * so until they have read an answer.
 *
 * @param options.withoutJumpLimit for a session with oneself
 * @throws SignalError `invalid-message`
 */
export const receiveSpqr = (
  { braid, chains }: SpqrState,
  message: Uint8Array,
  options: { readonly withoutJumpLimit?: boolean } = {},
): { readonly state: SpqrState; readonly key: Uint8Array | null } => {
  const { message: said, index } = decodeSpqrMessage(message);
  const received = receiveBraid(braid, said);
  const withEpoch = withOutput(chains, received.output);
  if (said.epoch === 1 && index === 0)
    return { state: { braid: received.state, chains: withEpoch }, key: null };
  const maxJump = options.withoutJumpLimit === true ? Infinity : MAX_JUMP;
  const keyed = receivingKey(withEpoch, said.epoch - 1, index, maxJump);
  return { state: { braid: received.state, chains: keyed.chains }, key: keyed.key };
};
