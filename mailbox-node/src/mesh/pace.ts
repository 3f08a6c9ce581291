import { setTimeout as sleep } from 'node:timers/promises';

/** Lets so many bytes pass in a second, whoever they are of, in the order in which they came. */
export type Pace = {
  /** Resolves when they may pass: at once after a pause. Rejects by `signal`. */
  readonly take: (bytes: number, signal: AbortSignal) => Promise<void>;
};

/** `monotonic` in milliseconds, with what waits by it. */
export const createPace = (
  bytesPerSecond: number,
  monotonic: () => number = () => performance.now(),
  wait: (ms: number, signal: AbortSignal) => Promise<unknown> = (ms, signal) =>
    sleep(ms, undefined, { signal }),
): Pace => {
  /** When all that was let pass has passed. */
  let freeAtMs = -Infinity;
  return {
    take: async (bytes, signal) => {
      const nowMs = monotonic();
      const startsAtMs = Math.max(nowMs, freeAtMs);
      freeAtMs = startsAtMs + (bytes * 1000) / bytesPerSecond;
      if (startsAtMs > nowMs) await wait(startsAtMs - nowMs, signal);
    },
  };
};
