/** Work that takes turns: a few at a time, in the order in which it came. */
export type Turns = {
  readonly take: (work: () => Promise<void>) => void;
  /** Nothing new begins for so long. */
  readonly rest: (ms: number) => void;
  /** Forgets what has not begun, and the rest. */
  readonly clear: () => void;
};

/** `atOnce`: what may be under way at the same time. Work deals with its own errors. */
export const createTurns = (atOnce: number): Turns => {
  let waiting: (() => Promise<void>)[] = [];
  let running = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let restUntil = 0;

  const endRest = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    restUntil = 0;
  };
  const next = (): void => {
    while (timer === null && running < atOnce) {
      const work = waiting.shift();
      if (work === undefined) return;
      running += 1;
      void work().finally(() => {
        running -= 1;
        next();
      });
    }
  };

  return {
    take: (work) => {
      waiting.push(work);
      next();
    },
    rest: (ms) => {
      const until = performance.now() + ms;
      if (until <= restUntil) return;
      endRest();
      restUntil = until;
      timer = setTimeout(() => {
        endRest();
        next();
      }, ms);
    },
    clear: () => {
      waiting = [];
      endRest();
    },
  };
};
