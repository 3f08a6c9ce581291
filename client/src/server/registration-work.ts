import { sha256 } from '@noble/hashes/sha2.js';
import { leadingZeroBits, workText, type WorkDemand, type WorkDone } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';

/** What a server may ask for: some minutes of a slow phone. */
const MAX_BITS = 24;
/** Between these, everything else has its turn. */
const AT_ONCE = 2_000;

/** Throws `bad-answer` when a server asks for more than any should. */
export const doWork = async ({ challenge, bits }: WorkDemand): Promise<WorkDone> => {
  if (bits > MAX_BITS) throw new MessengerError('bad-answer', 'the server asks for too much work');
  const encoder = new TextEncoder();
  for (let count = 0; ; count += 1) {
    if (count % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setTimeout(resolve));
    const work = { challenge, solution: count.toString(36) };
    if (leadingZeroBits(sha256(encoder.encode(workText(work)))) >= bits) return work;
  }
};
