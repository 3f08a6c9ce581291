import type { RendezvousId, RendezvousSlot } from '@restante/protocol';
import { isAway, MessengerError } from '../messenger-error.ts';
import { pause } from '../pause.ts';
import type { MasterApi } from '../server/master-api.ts';

/** Where a sealed message is left and found. */
export type Place = { readonly rendezvous: RendezvousId; readonly slot: RendezvousSlot };

const ASK_AGAIN_MS = 1_000;
const ATTEMPTS = 5;

export const linkEnded = (): MessengerError =>
  new MessengerError('link-ended', 'the time of the code is over, or there is another one');

/** A rendezvous that is no more is the end of its code. */
const orEnded = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw error instanceof MessengerError && error.code === 'not-found' ? linkEnded() : error;
  }
};

const waitAfter = (error: unknown): number => {
  if (!isAway(error)) throw error;
  return Math.max(ASK_AGAIN_MS, error instanceof MessengerError ? (error.body?.retryAfterMs ?? 0) : 0);
};

/** The message, as soon as it is there, while servers are away too. Throws `link-ended`. */
export const awaitSealed = async (
  api: Pick<MasterApi, 'sealedMessage'>,
  { rendezvous, slot }: Place,
  hasEnded: () => boolean,
  signal: AbortSignal,
): Promise<string> => {
  const isOver = (): boolean => signal.aborted || hasEnded();
  while (!isOver()) {
    let waitMs = ASK_AGAIN_MS;
    try {
      const sealed = await orEnded(api.sealedMessage(rendezvous, slot));
      if (sealed !== null && !isOver()) return sealed;
    } catch (error) {
      waitMs = waitAfter(error);
    }
    await pause(waitMs, signal);
  }
  throw linkEnded();
};

/** Leaves the message, also where an answer is lost: the same one may be left again. Throws `link-ended`, `slot-taken`. */
export const leaveSealed = async (
  api: Pick<MasterApi, 'leaveSealedMessage'>,
  { rendezvous, slot }: Place,
  sealed: string,
  signal: AbortSignal,
): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    if (signal.aborted) throw linkEnded();
    try {
      await orEnded(api.leaveSealedMessage(rendezvous, slot, sealed));
      return;
    } catch (error) {
      const waitMs = waitAfter(error);
      if (attempt >= ATTEMPTS) throw error;
      await pause(waitMs, signal);
    }
  }
};
