import type { Message } from '../vault/tables.ts';

/** When a message is gone whose time of `seconds` has begun then. Milliseconds since 1970, server's clock. */
export const expiryOf = (seconds: number, beganAt: number): number => beganAt + seconds * 1000;

/** The message, its time having begun at `beganAt`; of several beginnings the earliest counts. The same object when that changes nothing. */
export const begun = (message: Message, beganAt: number): Message => {
  const { kind, timer, expiresAt = Infinity } = message;
  if (timer === undefined || kind === 'timer') return message;
  const expiry = expiryOf(timer, beganAt);
  return expiry < expiresAt ? { ...message, expiresAt: expiry } : message;
};
