import { ServiceError } from '@restante/service-kit';

const RETRY_AFTER_MS = 1_000;

/** Bytes that may wait at one time, however many queues they wait in (law 10). */
export type ByteBudget = {
  /** @throws ServiceError `unavailable` when it would be overdrawn */
  readonly take: (bytes: number) => void;
  readonly giveBack: (bytes: number) => void;
  readonly usedBytes: () => number;
};

export const createByteBudget = (maxBytes: number): ByteBudget => {
  let used = 0;
  return {
    take: (bytes) => {
      if (used + bytes > maxBytes) {
        throw new ServiceError('unavailable', 'too much is waiting to be written', {
          retryAfterMs: RETRY_AFTER_MS,
        });
      }
      used += bytes;
    },
    giveBack: (bytes) => {
      used -= bytes;
    },
    usedBytes: () => used,
  };
};
