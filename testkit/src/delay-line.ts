/** How slow a line is. */
export type Pace = { readonly latencyMs: number; readonly bytesPerSecond: number };

/** What is under way on a line, in order. */
export type DelayLine = {
  /** Delivers at the line's pace; at once when it has none. */
  readonly carry: (bytes: number, deliver: () => void) => void;
  /** A line that is slow no more delivers at once what is under way. */
  readonly set: (pace: Pace | null) => void;
  /** Whether it takes no more for now: what it holds has a bound. */
  readonly isFull: () => boolean;
  /** Forgets what is under way. */
  readonly clear: () => void;
};

const MAX_BYTES = 256 * 1024;

export const createDelayLine = (): DelayLine => {
  let pace: Pace | null = null;
  let underWay: { readonly bytes: number; readonly dueAt: number; readonly deliver: () => void }[] = [];
  let held = 0;
  /** When the last byte has been put on the line. */
  let freeAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const deliverDue = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (;;) {
      const [first] = underWay;
      if (first === undefined) return;
      const waitMs = pace === null ? 0 : first.dueAt - performance.now();
      if (waitMs > 0) {
        timer = setTimeout(deliverDue, waitMs);
        return;
      }
      underWay.shift();
      held -= first.bytes;
      first.deliver();
    }
  };

  return {
    carry: (bytes, deliver) => {
      if (pace === null) {
        deliver();
        return;
      }
      freeAt = Math.max(freeAt, performance.now()) + (bytes * 1_000) / pace.bytesPerSecond;
      underWay.push({ bytes, dueAt: freeAt + pace.latencyMs, deliver });
      held += bytes;
      if (timer === undefined) deliverDue();
    },
    set: (next) => {
      pace = next;
      deliverDue();
    },
    isFull: () => held >= MAX_BYTES,
    clear: () => {
      clearTimeout(timer);
      timer = undefined;
      underWay = [];
      held = 0;
    },
  };
};
