import type { Store, Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';
import type { ServerClock } from './clock.ts';

/**
 * The time that has surely come, for what cannot wait until a time is settled (`vault/settled-time.ts`) and cannot be undone: the middle one
 * of three. What this device has lived through, by the clock that nobody sets, since a time that was confirmed before; its machine's clock; and
 * what a server has said. So no clock alone brings it forward or holds it back. As long as no server has said anything, it is what was lived
 * through, which is never too much.
 */
export type ConfirmedTime = {
  /** Milliseconds since 1970, server's clock; 1970 when nothing is known. */
  readonly now: () => number;
  /** Takes what was kept from the vault. */
  readonly load: () => Promise<void>;
  /** Keeps it with the transaction, if that is due. */
  readonly keep: (transaction: Transaction) => void;
};

export type ConfirmedTimeDeps = {
  readonly store: Store;
  readonly clock: Pick<ServerClock, 'told'>;
  /** Milliseconds since 1970 by this machine's clock. */
  readonly now: () => number;
  readonly monotonic: () => number;
};

/** What is lost of the time that was lived through when a process ends, at most. */
const KEEP_EVERY_MS = 10 * 60 * 1000;

export const createConfirmedTime = (deps: ConfirmedTimeDeps): ConfirmedTime => {
  let confirmed = { timeMs: 0, monotonicMs: deps.monotonic() };
  let keptMs = 0;

  const now = (): number => {
    const monotonicMs = deps.monotonic();
    const livedMs = confirmed.timeMs + Math.max(0, monotonicMs - confirmed.monotonicMs);
    const [machineMs, toldMs] = [deps.now(), deps.clock.told()];
    const timeMs =
      toldMs === null
        ? livedMs
        : Math.min(Math.max(livedMs, Math.min(machineMs, toldMs)), Math.max(machineMs, toldMs));
    confirmed = { timeMs, monotonicMs };
    return Math.round(timeMs);
  };

  return {
    now,
    load: async () => {
      const timeMs = (await deps.store.get('confirmedTime', ONLY)) ?? 0;
      keptMs = timeMs;
      confirmed = { timeMs, monotonicMs: deps.monotonic() };
    },
    keep: (transaction) => {
      const timeMs = now();
      if (Math.abs(timeMs - keptMs) < KEEP_EVERY_MS) return;
      transaction.put('confirmedTime', ONLY, timeMs);
      transaction.afterCommit(() => (keptMs = timeMs));
    },
  };
};
