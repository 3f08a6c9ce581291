import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks `isSo` again and again. Resolves with true as soon as it is so, with false after `deadlineMs`. Rejects when
 * the signal is aborted.
 */
export const until = async (
  isSo: () => boolean | Promise<boolean>,
  { deadlineMs, signal, everyMs = 50 }: { deadlineMs: number; signal: AbortSignal; everyMs?: number },
): Promise<boolean> => {
  const deadline = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) return false;
    await sleep(everyMs, undefined, { signal });
  }
  return true;
};
