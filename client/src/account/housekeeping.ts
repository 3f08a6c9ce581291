import type { ServerClock } from '../server/clock.ts';
import { coalesce } from '../coalesce.ts';
import { MessengerError } from '../messenger-error.ts';
import { prune } from '../vault/prune.ts';
import { areFarApart, settleTime } from '../vault/settled-time.ts';
import type { Store } from '../vault/store.ts';

export type HousekeepingDeps = {
  readonly store: Store;
  readonly clock: Pick<ServerClock, 'now'>;
  readonly now: () => number;
  /** Replaces signed keys that are due, and deletes those that were replaced long before the settled time. */
  readonly rotateKeys: (settledMs: number) => Promise<void>;
};

/**
 * What is done after each connecting, when the server has just told its time, and once a day: forgets what is old, and
 * looks after the keys. Throws `wrong-clock` at the end when this machine's clock and the server's are far apart.
 */
export const createHousekeeping = ({
  store,
  clock,
  now,
  rotateKeys,
}: HousekeepingDeps): (() => Promise<void>) =>
  coalesce(async () => {
    const [machineMs, serverMs] = [now(), clock.now()];
    const settledMs = await settleTime(store, machineMs, serverMs);
    await prune(store, settledMs);
    await rotateKeys(settledMs);
    if (areFarApart(machineMs, serverMs))
      throw new MessengerError('wrong-clock', 'the clocks of this machine and of the server are days apart');
  });
