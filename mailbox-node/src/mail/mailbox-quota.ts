import { deviceKey, type DeviceAddress } from '@restante/protocol';
import { LRUCache } from 'lru-cache';

/**
 * The bound of each mailbox (law 10), at almost no cost to a busy node. A mailbox is counted in the store only after
 * many writes, its count is carried on by this node's own writes and deletes, and read again before anything is
 * refused. The price: after a restart a mailbox may pass its bound by {@link UNCOUNTED_SHARE} of it.
 */
export type MailboxQuota = {
  /** Takes up to `wanted` places and says how many it got. Each is to be settled. */
  readonly reserve: (mailbox: DeviceAddress, wanted: number) => Promise<number>;
  /** The write of reserved places is over: `stored` of them are taken. */
  readonly settle: (mailbox: DeviceAddress, reserved: number, stored: number) => void;
  /** Messages were acknowledged. */
  readonly release: (mailbox: DeviceAddress, places: number) => void;
};

type Entry = {
  count: number;
  inFlight: number;
  addedSinceCount: number;
  countedAtMs: number | null;
  counting: Promise<void> | null;
};

const MAX_ENTRIES = 50_000;
/** Share of the bound that is given to a mailbox before it is counted for the first time. */
const UNCOUNTED_SHARE = 1 / 20;
const FRESH_MS = 5_000;

export const createMailboxQuota = ({
  maxMessages,
  countWaiting,
  now,
}: {
  readonly maxMessages: number;
  readonly countWaiting: (mailbox: DeviceAddress, max: number) => Promise<number>;
  readonly now: () => number;
}): MailboxQuota => {
  const firstCountAfter = Math.floor(maxMessages * UNCOUNTED_SHARE);
  const recountAfter = Math.ceil(maxMessages / 10);
  const entries = new LRUCache<string, Entry>({ max: MAX_ENTRIES });

  const use = (key: string): Entry => {
    const entry = entries.get(key) ?? {
      count: 0,
      inFlight: 0,
      addedSinceCount: 0,
      countedAtMs: null,
      counting: null,
    };
    entries.set(key, entry);
    return entry;
  };

  const recount = async (entry: Entry, mailbox: DeviceAddress): Promise<void> => {
    const waiting = await countWaiting(mailbox, maxMessages);
    entry.count = waiting + entry.inFlight;
    entry.addedSinceCount = 0;
    entry.countedAtMs = now();
  };

  const isDue = (entry: Entry, wanted: number): boolean => {
    if (entry.countedAtMs === null) return entry.addedSinceCount + wanted > firstCountAfter;
    if (entry.addedSinceCount >= recountAfter) return true;
    return entry.count + wanted > maxMessages && now() - entry.countedAtMs > FRESH_MS;
  };

  return {
    reserve: async (mailbox, wanted) => {
      const entry = use(deviceKey(mailbox));
      if (isDue(entry, wanted)) {
        entry.counting ??= recount(entry, mailbox).finally(() => {
          entry.counting = null;
        });
        await entry.counting;
      }
      const granted = Math.max(0, Math.min(wanted, maxMessages - entry.count));
      entry.count += granted;
      entry.inFlight += granted;
      entry.addedSinceCount += granted;
      return granted;
    },
    settle: (mailbox, reserved, stored) => {
      const entry = entries.get(deviceKey(mailbox));
      if (!entry) return;
      entry.inFlight -= reserved;
      entry.count -= reserved - stored;
    },
    release: (mailbox, places) => {
      const entry = entries.get(deviceKey(mailbox));
      if (entry) entry.count = Math.max(0, entry.count - places);
    },
  };
};
