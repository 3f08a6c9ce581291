import { StoreFullError, type Logger } from '@restante/service-kit';

/** Whether CouchDB's disk has room, as the last write told. The canary is a write: it finds out when there is room again. */
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
    if (full) log.error({ event: 'store-full' }, 'the disk of CouchDB is full: nothing is taken');
    else log.info({ event: 'store-has-room' }, 'the disk of CouchDB has room again');
  };
  return {
    isFull: () => full,
    watch: async (write) => {
      try {
        const answer = await write;
        set(false);
        return answer;
      } catch (error) {
        if (error instanceof StoreFullError) set(true);
        throw error;
      }
    },
  };
};
