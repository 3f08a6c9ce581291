import { LIMITS, type MessageId } from '@restante/protocol';
import type { Device } from '../account/device.ts';
import { UNSET, type ServerClock } from '../server/clock.ts';
import type { Store } from '../vault/store.ts';
import { ONLY, type Message } from '../vault/tables.ts';
import { boundedTime } from '../vault/keys.ts';

/**
 * What is known of when a message arrived, by the server's clock. No server says it, and what a message says of itself
 * is its sender's word; but what had not come when all mail had been taken was accepted later.
 */
export type Arrival = {
  /** All mail until then had been taken before. */
  readonly after: number;
  /** When it was taken. */
  readonly at: number;
};

/** A message stands where its sender says, within this of what is known of its arrival. */
const TOLERANCE_MS = 60_000;
/** How often it is kept until when all mail has been taken. */
const KEEP_EVERY_MS = 60_000;

/**
 * Where a message stands that its sender has minted `id` for: at the id's time if it may have arrived then, else at its
 * arrival, and what its sender said is kept beside it. `sentAt` is the time in the envelope's id, which no master takes
 * from far ahead: whoever is behind that has a wrong clock themselves.
 */
export const placed = (
  id: MessageId,
  sentAt: number,
  { after, at }: Arrival,
): Pick<Message, 'sentAt' | 'writtenAt'> => {
  const said = boundedTime(id, sentAt);
  const isAhead = said > at && said <= at + LIMITS.clockSkewMs;
  const isBehind = said < earliest({ after, at });
  if (!isAhead && !isBehind) return { sentAt: said };
  return { sentAt: at, writtenAt: said };
};

/** From when on a message may have arrived: it stands before what its author wrote after it as far back as that. */
export const earliest = ({ after, at }: Arrival): number => Math.max(0, Math.min(after, at) - TOLERANCE_MS);

export type Arrivals = {
  readonly load: () => Promise<void>;
  /** Of what is taken now. */
  readonly now: () => Arrival;
  /** All mail that was accepted until this time, by the server's clock, has been taken. */
  readonly taken: (untilMs: number) => Promise<void>;
};

/** Nothing was accepted for a device before it was there, unless a master said a time to come when it signed in. */
export const createArrivals = (
  store: Store,
  clock: Pick<ServerClock, 'now'>,
  device: Pick<Device, 'isRegistered' | 'self'>,
): Arrivals => {
  const since = (at: number): number => {
    const registeredAt = device.isRegistered() ? (device.self().registeredAt ?? 0) : 0;
    return registeredAt <= at ? registeredAt : 0;
  };
  let after = 0;
  let kept = 0;
  return {
    load: async () => {
      kept = (await store.get('clock', ONLY))?.takenUntilMs ?? 0;
      after = kept;
    },
    now: () => {
      const at = clock.now();
      return { after: Math.max(after, since(at)), at };
    },
    taken: async (untilMs) => {
      after = untilMs;
      if (Math.abs(untilMs - kept) < KEEP_EVERY_MS) return;
      await store.transact(async (transaction) => {
        const row = (await transaction.get('clock', ONLY)) ?? UNSET;
        transaction.put('clock', ONLY, { ...row, takenUntilMs: untilMs });
        transaction.afterCommit(() => (kept = untilMs));
      });
    },
  };
};
