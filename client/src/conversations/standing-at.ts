import { LIMITS, messageTime } from '@restante/protocol';
import type { Message } from '../vault/tables.ts';

/** What a message stands from the time that it says is told beside it when it is more than this. */
const TOLD_MS = 60_000;

/** The message at this time of its conversation. `writtenAt`: when its author says it was written. */
export const standingAt = ({ writtenAt, sentAt: said, ...message }: Message, sentAt: number): Message => {
  const written = writtenAt ?? said;
  return { ...message, sentAt, ...(Math.abs(written - sentAt) > TOLD_MS && { writtenAt: written }) };
};

/**
 * Whether a message that came first is believed to have been written after what says `said`: it stands where it arrived, as that does, or says nearly the
 * same. An id that was given up for another one, from a clock further ahead than masters take, says nothing.
 */
export const isAfter = ({ id, sentAt, writtenAt }: Message, said: number): boolean =>
  messageTime(id) <= (writtenAt ?? sentAt + TOLD_MS) &&
  (writtenAt !== undefined || messageTime(id) - said <= LIMITS.clockSkewMs);
