import workerUrl from './worker.ts?worker&url';
import { workerLock } from './channel.ts';
import { lockReleased } from './lifetime-lock.ts';
import { trustedScriptUrl } from './trusted-script-url.ts';

/** Between the end of a worker and the start of the next one. */
const PAUSE_MS = 1_000;

/** Keeps a worker running for this tab, starting another when it ends. Returns the function that ends it for good. */
export const superviseWorker = (tab: string): (() => void) => {
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let worker: Worker | null = null;

  const start = (): void => {
    const started = new Worker(trustedScriptUrl(workerUrl), { type: 'module', name: tab });
    worker = started;
    const startAnother = (): void => {
      if (ended || worker !== started) return;
      started.terminate();
      worker = null;
      timer = setTimeout(start, PAUSE_MS);
    };
    started.addEventListener('message', () => void lockReleased(workerLock(tab)).then(startAnother), {
      once: true,
    });
    // Its script cannot be had. Errors later on leave the worker running.
    started.addEventListener('error', startAnother);
  };

  start();
  return () => {
    ended = true;
    clearTimeout(timer);
    worker?.terminate();
  };
};
