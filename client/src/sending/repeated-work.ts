import { coalesce } from '../coalesce.ts';

/** Work that goes on between `start` and `stop`, one run at a time. */
export type RepeatedWork = {
  readonly start: () => void;
  readonly stop: () => void;
  /** There may be something to be done. */
  readonly pump: () => void;
};

/** When it is done again by itself, and as which attempt. */
export type Again = { readonly afterMs: number; readonly attempt: number };

/** `work`: what there is to be done; null: nothing is left. `onFault`: what it throws; it is done again when there is something new. */
export const createRepeatedWork = (
  work: (signal: AbortSignal, attempt: number) => Promise<Again | null>,
  onFault: (error: unknown) => void,
): RepeatedWork => {
  let over = new AbortController();
  over.abort();
  let attempt = 1;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const run = coalesce(async () => {
    const { signal } = over;
    clearTimeout(timer);
    const again = await work(signal, attempt);
    attempt = again?.attempt ?? 1;
    if (again !== null && !signal.aborted) timer = setTimeout(pump, again.afterMs);
  });
  const pump = (): void => {
    const { signal } = over;
    if (signal.aborted) return;
    void run().catch((error: unknown) => {
      if (!signal.aborted) onFault(error);
    });
  };

  return {
    start: () => {
      if (!over.signal.aborted) return;
      over = new AbortController();
      attempt = 1;
      pump();
    },
    stop: () => {
      over.abort();
      clearTimeout(timer);
    },
    pump,
  };
};
