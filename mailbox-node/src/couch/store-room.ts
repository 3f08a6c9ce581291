import { StoreFailedError, type Logger } from '@restante/service-kit';

/**
 * Whether CouchDB's disk has room, as far as the last write told: Apache CouchDB does not say why it failed. The canary
 * is a write: it finds out when there is room again.
 */
export type StoreRoom = {
  readonly isFull: () => boolean;
  /** Runs a write and notes how it ended. */
  readonly watch: <T>(write: Promise<T>) => Promise<T>;
};

export const createStoreRoom = (log: Logger): StoreRoom => {
  let full = false;
  const set = (next: boolean): void => {
    if (next === full) return;
    full = next;
    if (full) log.error({ event: 'store-full' }, 'CouchDB takes no writes: its disk is full, most likely');
    else log.info({ event: 'store-has-room' }, 'CouchDB takes writes again');
  };
  return {
    isFull: () => full,
    watch: async (write) => {
      try {
        const answer = await write;
        set(false);
        return answer;
      } catch (error) {
        if (error instanceof StoreFailedError) set(true);
        throw error;
      }
    },
  };
};
