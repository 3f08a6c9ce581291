import type { Envelope } from '@restante/protocol';
import { coalesce } from '../coalesce.ts';

/**
 * Live envelopes on their way to the inbox. While a catch-up reads the mailboxes they are held back, so that older
 * messages come first; nothing is lost by that, as each of them is in a mailbox too. At the byte bound new ones are
 * left out, and the mailboxes are read again.
 */
export type LiveQueue = {
  readonly push: (envelope: Envelope) => void;
  /** Each `hold` is ended by one `release`. */
  readonly hold: () => void;
  readonly release: () => void;
  /** Whether all that was pushed has been taken. */
  readonly isIdle: () => boolean;
};

const MAX_BYTES = 4 * 1024 * 1024;
const BATCH = 64;

/** `onOverflow`: something was left out, or not taken; it is in the mailboxes. `onFault`: why it was not taken. */
export const createLiveQueue = (
  take: (batch: readonly Envelope[]) => Promise<unknown>,
  onOverflow: () => void,
  onFault: (error: unknown) => void,
  maxBytes = MAX_BYTES,
): LiveQueue => {
  let queue: Envelope[] = [];
  let bytes = 0;
  let holds = 0;
  let overflowed = false;

  const drain = coalesce(async () => {
    while (holds === 0 && queue.length > 0) {
      const batch = queue.slice(0, BATCH);
      try {
        await take(batch);
      } catch (error) {
        overflowed = true;
        onFault(error);
      }
      queue = queue.slice(batch.length);
      bytes -= batch.reduce((sum, { payload }) => sum + payload.length, 0);
    }
    if (holds === 0 && overflowed) {
      overflowed = false;
      onOverflow();
    }
  });
  const run = (): void => void drain();

  return {
    push: (envelope) => {
      if (bytes + envelope.payload.length > maxBytes) overflowed = true;
      else {
        queue.push(envelope);
        bytes += envelope.payload.length;
      }
      run();
    },
    hold: () => {
      holds += 1;
    },
    release: () => {
      holds -= 1;
      run();
    },
    isIdle: () => queue.length === 0 && holds === 0 && !overflowed,
  };
};
