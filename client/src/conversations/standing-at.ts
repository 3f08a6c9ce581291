import type { Message } from '../vault/tables.ts';

/** What a message stands from the time that it says is told beside it when it is more than this. */
const TOLD_MS = 60_000;

/** The message at this time of its conversation. `writtenAt`: when its author says it was written. */
export const standingAt = ({ writtenAt, sentAt: said, ...message }: Message, sentAt: number): Message => {
  const written = writtenAt ?? said;
  return { ...message, sentAt, ...(Math.abs(written - sentAt) > TOLD_MS && { writtenAt: written }) };
};
