import { ServiceError } from '@restante/service-kit';

/**
 * Runs a bounded number of tasks at a time, in order; a bounded number waits.
 *
 * @throws ServiceError `unavailable` when too many wait
 */
export type Slots = <T>(task: () => Promise<T>) => Promise<T>;

const RETRY_AFTER_MS = 2000;

export const createSlots = (slots: number, maxWaiting: number): Slots => {
  const waiting: (() => void)[] = [];
  let free = slots;
  return async (task) => {
    if (free > 0) free -= 1;
    else if (waiting.length < maxWaiting) await new Promise<void>((resolve) => waiting.push(resolve));
    else throw new ServiceError('unavailable', 'too much waits', { retryAfterMs: RETRY_AFTER_MS });
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
};
