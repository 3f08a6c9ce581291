import { wipe } from '../bytes.ts';
import { SignalError } from '../signal-error.ts';
import { nextChainKey, seedOf } from './message-keys.ts';
import {
  addSkipped,
  MAX_SKIPPED,
  SKIPPED_ENTRY_BYTES,
  takeSkipped,
  type SkippedSeeds,
} from './skipped-seeds.ts';

/** A chain that gives a seed for every message, in whatever order they arrive. */
export type MessageChain = {
  /** 32 bytes. */
  readonly chainKey: Uint8Array;
  /** Of the next message that has not been passed yet. */
  readonly counter: number;
  readonly skipped: SkippedSeeds;
};

/** Messages of one remote ratchet key (33 bytes). */
export type ReceivingChain = MessageChain & { readonly ratchetKey: Uint8Array };

/** A message may be so far ahead of the next one. The post-quantum ratchet allows one less (spqr/). */
export const MAX_JUMP = 25_000;

/** Never used by a message: the counter after it would not fit in 32 bits. */
export const MAX_COUNTER = 0xffff_ffff;

export const receivingChain = (ratchetKey: Uint8Array, chainKey: Uint8Array): ReceivingChain => ({
  ...{ ratchetKey, chainKey, counter: 0 },
  skipped: new Uint8Array(0),
});

type At = Pick<MessageChain, 'counter'>;

const isTooFar = (chain: At, counter: number): boolean => counter - chain.counter > MAX_JUMP;

/** Of the widest gap, in HMACs. */
export const MAX_SEED_WORK = MAX_JUMP + MAX_SKIPPED;

/** What {@link takeSeed} does, in HMACs: nothing to speak of unless messages are passed over. */
export const workToSeed = (chain: At, counter: number): number => {
  const passed = isTooFar(chain, counter) ? 0 : Math.max(0, counter - chain.counter);
  return passed + Math.min(passed, MAX_SKIPPED);
};

/** The chain at a later counter, with the seeds of what was passed as far as they are kept. */
const skipTo = <Chain extends MessageChain>(chain: Chain, counter: number): Chain => {
  const firstKept = Math.max(chain.counter, counter - MAX_SKIPPED);
  const added = new Uint8Array((counter - firstKept) * SKIPPED_ENTRY_BYTES);
  const view = new DataView(added.buffer);
  let { chainKey } = chain;
  let offset = 0;
  for (let passed = chain.counter; passed < counter; passed += 1) {
    if (passed >= firstKept) {
      const seed = seedOf(chainKey);
      view.setUint32(offset, passed);
      added.set(seed, offset + 4);
      offset += SKIPPED_ENTRY_BYTES;
      wipe(seed);
    }
    const next = nextChainKey(chainKey);
    if (chainKey !== chain.chainKey) wipe(chainKey);
    chainKey = next;
  }
  const skipped = addSkipped(chain.skipped, added);
  wipe(added);
  return { ...chain, chainKey, counter, skipped };
};

/**
 * The seed of a message.
 *
 * @throws SignalError `duplicate-message` when it was used or is no longer kept, `invalid-message` when the message is
 *   too far ahead
 */
export const takeSeed = <Chain extends MessageChain>(
  chain: Chain,
  counter: number,
): { readonly chain: Chain; readonly seed: Uint8Array } => {
  if (counter < chain.counter) {
    const taken = takeSkipped(chain.skipped, counter);
    if (taken === null) throw new SignalError('duplicate-message');
    return { chain: { ...chain, skipped: taken.rest }, seed: taken.seed };
  }
  if (isTooFar(chain, counter) || counter === MAX_COUNTER) throw new SignalError('invalid-message');
  const reached = counter === chain.counter ? chain : skipTo(chain, counter);
  const seed = seedOf(reached.chainKey);
  const chainKey = nextChainKey(reached.chainKey);
  if (reached !== chain) wipe(reached.chainKey);
  return { chain: { ...reached, chainKey, counter: counter + 1 }, seed };
};
