import { ServiceError } from '@restante/service-kit';

/**
 * Does a thing for many callers at once: while it is being done for some, who come gather for the next time.
 *
 * @throws ServiceError `unavailable` when too many wait; what `run` throws, for all it was run for
 */
export type Gather<Item, Result> = (item: Item) => Promise<Result>;

type Caller<Item, Result> = {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

const RETRY_AFTER_MS = 1000;

/** `run` gives one result for each item, in order; it is given at most `atOnce`. `onIdle` is told when nobody waits. */
export const createGather = <Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  { atOnce, maxWaiting, onIdle }: { atOnce: number; maxWaiting: number; onIdle?: () => void },
): Gather<Item, Result> => {
  let waiting: Caller<Item, Result>[] = [];
  let isRunning = false;

  const serve = async (): Promise<void> => {
    while (waiting.length > 0) {
      const callers = waiting.slice(0, atOnce);
      waiting = waiting.slice(atOnce);
      try {
        const results = await run(callers.map(({ item }) => item));
        callers.forEach(({ resolve }, index) => resolve(results[index] as Result));
      } catch (error) {
        for (const { reject } of callers) reject(error);
      }
    }
    isRunning = false;
    onIdle?.();
  };

  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= maxWaiting) {
        reject(new ServiceError('unavailable', 'too much waits', { retryAfterMs: RETRY_AFTER_MS }));
        return;
      }
      waiting.push({ item, resolve, reject });
      if (isRunning) return;
      isRunning = true;
      // Who comes in the same turn comes along.
      queueMicrotask(() => void serve());
    });
};
