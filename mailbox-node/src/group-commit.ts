import type { ByteBudget } from './byte-budget.ts';

/**
 * Group commit: while one batch is being written, the next one fills, so that sixty-four callers at once share one
 * write and one fsync.
 *
 * - A lone caller never waits for others.
 * - Callers that were answered together come again together: after a small batch the next one waits for as many of
 *   them, at most half as long as the last write took.
 * - A batch that is large already gains nothing by waiting: it is written beside the one under way.
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
const MIN_PATIENCE_MS = 2;
const MAX_PATIENCE_MS = 20;

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
  /** While set, a small batch waits for `expectedCallers`. */
  let patience: NodeJS.Timeout | undefined;
  let expectedCallers = 0;

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

  const endPatience = (): void => {
    clearTimeout(patience);
    patience = undefined;
  };

  const isDue = (): boolean => {
    if (waiting.length === 0 || writes.size >= MAX_WRITES_AT_ONCE) return false;
    if (waitingItems >= LARGE_BATCH_ITEMS) return true;
    return writes.size === 0 && (patience === undefined || waiting.length >= expectedCallers);
  };

  const write = async (batch: readonly Entry<Item>[]): Promise<number> => {
    const startedAtMs = performance.now();
    try {
      await commit(batch.flatMap(({ items }) => items));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      for (const { bytes } of batch) budget.giveBack(bytes);
    }
    return performance.now() - startedAtMs;
  };

  const writeWhatIsDue = (): void => {
    while (isDue()) {
      endPatience();
      const batch = takeBatch();
      const writing: Promise<void> = write(batch).then((tookMs) => {
        writes.delete(writing);
        expectedCallers = batch.length + waiting.length;
        if (writes.size === 0 && expectedCallers > 1) {
          const patienceMs = Math.min(MAX_PATIENCE_MS, Math.max(MIN_PATIENCE_MS, tookMs / 2));
          patience = setTimeout(() => {
            endPatience();
            writeWhatIsDue();
          }, patienceMs);
        }
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
      while (waiting.length > 0 || writes.size > 0) {
        endPatience();
        writeWhatIsDue();
        await Promise.all(writes);
      }
    },
  };
};
