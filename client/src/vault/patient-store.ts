import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import { isStorageFailure, type MessengerError } from '../messenger-error.ts';
import type { Store } from './store.ts';

/**
 * The store as what goes on by itself uses it. Where the vault fails (it has no room, its disk is broken), each reading and
 * each transaction is tried again until it succeeds, so nothing counts as taken before it is kept, and nothing
 * is given up. What a person does uses the store itself, and is told at once.
 */
export type PatientStore = Store & {
  /** What waits is tried at once. */
  readonly retryNow: () => void;
};

/** `onState`: why the vault fails, while something waits for it; null: nothing waits any more. */
export const createPatientStore = (
  store: Store,
  backoff: Backoff,
  onState: (failure: MessengerError | null) => void,
): PatientStore => {
  /** End the pauses of what waits. */
  const wakes = new Set<() => void>();
  let waiting = 0;
  let closed = false;

  const retryNow = (): void => {
    for (const wake of [...wakes]) wake();
  };
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        wakes.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      wakes.add(wake);
    });

  const tryAgain = async <R>(work: () => Promise<R>, first: MessengerError): Promise<R> => {
    waiting += 1;
    if (waiting === 1) onState(first);
    try {
      for (let failures = 1; ; failures += 1) {
        await pause(backoffDelayMs(backoff, failures, Math.random()));
        try {
          return await work();
        } catch (error) {
          if (closed || !isStorageFailure(error)) throw error;
        }
      }
    } finally {
      waiting -= 1;
      if (waiting === 0 && !closed) onState(null);
      retryNow();
    }
  };
  const insist = async <R>(work: () => Promise<R>): Promise<R> => {
    try {
      return await work();
    } catch (error) {
      if (closed || !isStorageFailure(error)) throw error;
      return tryAgain(work, error);
    }
  };

  return {
    transact: (work) => insist(() => store.transact(work)),
    get: (table, key) => insist(() => store.get(table, key)),
    getMany: (table, keys) => insist(() => store.getMany(table, keys)),
    list: (table, range) => insist(() => store.list(table, range)),
    count: (table) => insist(() => store.count(table)),
    close: async () => {
      closed = true;
      const closing = store.close();
      retryNow();
      await closing;
    },
    retryNow,
  };
};
