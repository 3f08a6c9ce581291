import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './log.ts';

/** A background task that runs until it is stopped. */
export type Loop = AsyncDisposable & {
  /** Runs the task now instead of waiting. */
  readonly wake: () => void;
};

/**
 * Runs `task` at once and then `intervalMs` after each end of it. A failure is logged (in a row of them the first, second, fourth and so on) and the next try waits
 * twice as long, up to `maxBackoffMs`. Disposal aborts the signal given to the task and waits for it.
 */
export const startLoop = (
  name: string,
  log: Logger,
  { intervalMs, maxBackoffMs = 30_000 }: { intervalMs: number; maxBackoffMs?: number },
  task: (signal: AbortSignal) => Promise<void>,
): Loop => {
  const stop = new AbortController();
  const isStopped = (): boolean => stop.signal.aborted;
  let pause = new AbortController();
  let failures = 0;
  const run = async (): Promise<void> => {
    while (!isStopped()) {
      try {
        await task(stop.signal);
        failures = 0;
      } catch (error) {
        if (isStopped()) return;
        failures += 1;
        if (Number.isInteger(Math.log2(failures))) {
          log[failures > 3 ? 'warn' : 'info'](
            { event: 'loop-failed', loop: name, failures, err: error },
            `${name} failed`,
          );
        }
      }
      const backoff = Math.min(intervalMs * 2 ** failures, Math.max(maxBackoffMs, intervalMs));
      const waitMs = failures === 0 ? intervalMs : backoff * (0.5 + Math.random() / 2);
      pause = new AbortController();
      await sleep(waitMs, undefined, { signal: AbortSignal.any([stop.signal, pause.signal]) }).catch(
        () => undefined,
      );
    }
  };
  const running = run();
  return {
    wake: () => pause.abort(),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
};
