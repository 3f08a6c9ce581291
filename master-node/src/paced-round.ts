/**
 * Goes through everything, some at a time. Begun again while it runs, it takes what it has not come to only once, and what it has
 * done already once more, at the end: however often it is begun, everything has its turn.
 */
export type PacedRound = Disposable & { readonly begin: () => void };

type Options<T> = {
  readonly all: () => Iterable<T>;
  /** Does one; gives how much of the share that was. */
  readonly act: (one: T) => number;
  /** Everything has had its turn since the last beginning. */
  readonly onEnd?: () => void;
  /** What is done at a time. */
  readonly share: number;
  readonly everyMs: number;
};

export const createPacedRound = <T>({ all, act, onEnd, share, everyMs }: Options<T>): PacedRound => {
  const waiting = new Set<T>();
  let timer: NodeJS.Timeout | null = null;
  const goOn = (): void => {
    let done = 0;
    for (const one of waiting) {
      if (done >= share) break;
      waiting.delete(one);
      done += act(one);
    }
    timer = waiting.size === 0 ? null : setTimeout(goOn, everyMs);
    if (timer === null) onEnd?.();
  };
  return {
    begin: () => {
      for (const one of all()) waiting.add(one);
      timer ??= setTimeout(goOn, everyMs);
    },
    [Symbol.dispose]: () => {
      if (timer !== null) clearTimeout(timer);
      waiting.clear();
    },
  };
};
