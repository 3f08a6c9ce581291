import type { ByteBudget } from './byte-budget.ts';

/**
 * Group commit: while one batch is being written, the next one fills, so that many callers at once share one write
 * and one fsync. A batch costs the store's processor as much as many items: after one with several the next one waits, up to {@link INTERVAL_MS}, so
 * that it has several too. One that is large already gains nothing by waiting: it is written at once, if need be beside the one under way.
 */
export type GroupCommit<Item> = {
  /**
   * Resolves when all items are durable. They travel in one batch. `mayRide`: nobody waits for them; they go with the next ones that somebody
   * waits for, or after {@link RIDE_MS}.
   *
   * @throws what `commit` threw for their batch; ServiceError `unavailable` at once when the budget is used up
   */
  readonly add: (items: readonly Item[], bytes: number, mayRide?: boolean) => Promise<void>;
  /** Resolves when nothing is waiting or being written. */
  readonly idle: () => Promise<void>;
};

type Entry<Item> = {
  readonly items: readonly Item[];
  readonly bytes: number;
  readonly mayRide: boolean;
  /** By `performance.now()`. */
  readonly dueMs: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
};

const awaitedOf = <Item>({ items, mayRide }: Entry<Item>): number => (mayRide ? 0 : items.length);

const INTERVAL_MS = 100;
const RIDE_MS = 100;
/** After so many the whole interval is waited. */
const SEVERAL_ITEMS = 8;
/** So many wait for no others. */
const ENOUGH_ITEMS = 16;
const LARGE_BATCH_ITEMS = 64;
const MAX_WRITES_AT_ONCE = 2;

export const createGroupCommit = <Item>({
  commit,
  budget,
  maxBatchItems,
  maxBatchBytes,
}: {
  readonly commit: (items: readonly Item[]) => Promise<void>;
  readonly budget: ByteBudget;
  /** A batch ends before the entry that would exceed this; a larger entry travels alone. */
  readonly maxBatchItems: number;
  readonly maxBatchBytes: number;
}): GroupCommit<Item> => {
  let waiting: Entry<Item>[] = [];
  /** Items that somebody waits for. */
  let waitingItems = 0;
  let nextMs = -Infinity;
  let timer: NodeJS.Timeout | null = null;
  const writes = new Set<Promise<void>>();
  const added = new Set<Promise<void>>();

  const takeBatch = (): Entry<Item>[] => {
    let items = 0;
    let bytes = 0;
    const end = waiting.findIndex((entry, index) => {
      items += entry.items.length;
      bytes += entry.bytes;
      return index > 0 && (items > maxBatchItems || bytes > maxBatchBytes);
    });
    const batch = end === -1 ? waiting : waiting.slice(0, end);
    waiting = end === -1 ? [] : waiting.slice(end);
    waitingItems = waiting.reduce((sum, entry) => sum + awaitedOf(entry), 0);
    return batch;
  };

  /** When a batch may begin, by `performance.now()`; null while another one has to end first. */
  const dueMs = (): number | null => {
    if (writes.size >= MAX_WRITES_AT_ONCE) return null;
    if (waitingItems >= LARGE_BATCH_ITEMS) return -Infinity;
    if (writes.size > 0) return null;
    if (waitingItems >= ENOUGH_ITEMS) return -Infinity;
    // While nobody waits, all that is here rides, and the first has been here longest.
    return Math.max(nextMs, waitingItems > 0 ? -Infinity : (waiting[0]?.dueMs ?? -Infinity));
  };

  const write = async (batch: readonly Entry<Item>[]): Promise<void> => {
    const items = batch.flatMap((entry) => entry.items);
    nextMs = performance.now() + INTERVAL_MS * Math.min(1, (items.length - 1) / (SEVERAL_ITEMS - 1));
    try {
      await commit(items);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      for (const { bytes } of batch) budget.giveBack(bytes);
    }
  };

  const writeWhatIsDue = (): void => {
    clearTimeout(timer ?? undefined);
    timer = null;
    while (waiting.length > 0) {
      const due = dueMs();
      if (due === null) return;
      const wait = due - performance.now();
      if (wait > 0) {
        timer = setTimeout(writeWhatIsDue, Math.ceil(wait));
        return;
      }
      const writing: Promise<void> = write(takeBatch()).then(() => {
        writes.delete(writing);
        writeWhatIsDue();
      });
      writes.add(writing);
    }
  };

  return {
    add: async (items, bytes, mayRide = false) => {
      budget.take(bytes);
      const done = new Promise<void>((resolve, reject) => {
        const dueMs = performance.now() + (mayRide ? RIDE_MS : 0);
        waiting.push({ items, bytes, mayRide, dueMs, resolve, reject });
      });
      if (!mayRide) waitingItems += items.length;
      added.add(done);
      writeWhatIsDue();
      try {
        await done;
      } finally {
        added.delete(done);
      }
    },
    idle: async () => {
      while (added.size > 0) await Promise.allSettled(added);
    },
  };
};
