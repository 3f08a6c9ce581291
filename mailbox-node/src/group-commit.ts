import type { ByteBudget } from './byte-budget.ts';

/**
 * Group commit: while one batch is being written, the next one fills, so that sixty-four callers at once share one
 * write and one fsync. Callers that were answered together come again together: the next batch waits for as many of
 * them, at most half as long as the last write took. A lone caller never waits for others.
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

const MIN_GATHER_MS = 2;
const MAX_GATHER_MS = 20;

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
  let running: Promise<void> | null = null;
  let onAdded = (): void => undefined;

  /** Resolves when this many callers wait, or soon. */
  const gather = async (callers: number, lastWriteMs: number): Promise<void> => {
    if (callers === 1) return;
    await new Promise<void>((resolve) => {
      const patienceMs = Math.min(MAX_GATHER_MS, Math.max(MIN_GATHER_MS, lastWriteMs / 2));
      const timer = setTimeout(resolve, patienceMs);
      onAdded = () => {
        if (waiting.length < callers) return;
        clearTimeout(timer);
        resolve();
      };
    });
    onAdded = () => undefined;
  };

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
    return batch;
  };

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = takeBatch();
      const startedAtMs = performance.now();
      try {
        await commit(batch.flatMap(({ items }) => items));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      } finally {
        for (const { bytes } of batch) budget.giveBack(bytes);
      }
      await gather(batch.length + waiting.length, performance.now() - startedAtMs);
    }
    running = null;
  };

  return {
    add: async (items, bytes) => {
      budget.take(bytes);
      const done = new Promise<void>((resolve, reject) => {
        waiting.push({ items, bytes, resolve, reject });
      });
      onAdded();
      running ??= run();
      await done;
    },
    idle: async () => {
      while (running !== null) await running;
    },
  };
};
