import type { ByteBudget } from './byte-budget.ts';

/**
 * Group commit: while one batch is being written, the next one fills, so that many callers at once share one write
 * and one fsync. A batch that is large already gains nothing by waiting: it is written beside the one under way.
 */
export type GroupCommit<Item> = {
  /**
   * Resolves when all items are durable. They travel in one batch.
   *
   * @throws what `commit` threw for their batch; ServiceError `unavailable` at once when the budget is used up
   */
  readonly add: (items: readonly Item[], bytes: number) => Promise<void>;
  /** Resolves when nothing is waiting or being written. */
  readonly idle: () => Promise<void>;
};

type Entry<Item> = {
  readonly items: readonly Item[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
};

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
  let waitingItems = 0;
  const writes = new Set<Promise<void>>();

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
    waitingItems = waiting.reduce((sum, entry) => sum + entry.items.length, 0);
    return batch;
  };

  const isDue = (): boolean => {
    if (waiting.length === 0) return false;
    return writes.size === 0 || (writes.size < MAX_WRITES_AT_ONCE && waitingItems >= LARGE_BATCH_ITEMS);
  };

  const write = async (batch: readonly Entry<Item>[]): Promise<void> => {
    try {
      await commit(batch.flatMap(({ items }) => items));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      for (const { bytes } of batch) budget.giveBack(bytes);
    }
  };

  const writeWhatIsDue = (): void => {
    while (isDue()) {
      const writing: Promise<void> = write(takeBatch()).then(() => {
        writes.delete(writing);
        writeWhatIsDue();
      });
      writes.add(writing);
    }
  };

  return {
    add: async (items, bytes) => {
      budget.take(bytes);
      const done = new Promise<void>((resolve, reject) => {
        waiting.push({ items, bytes, resolve, reject });
      });
      waitingItems += items.length;
      writeWhatIsDue();
      await done;
    },
    idle: async () => {
      while (writes.size > 0) await Promise.all(writes);
    },
  };
};
