/** Tells when nobody has done anything for as long as the person chose. */
export type IdleLock = {
  /** Somebody does something, unless it is too late for that. */
  readonly note: () => void;
  /** Null: never. */
  readonly after: (ms: number | null) => void;
  /** To be called again and again. */
  readonly check: () => void;
};

export type Clocks = {
  /** Milliseconds. It may stand still while the machine sleeps. */
  readonly monotonic: () => number;
  /** Milliseconds. It may be set. */
  readonly wall: () => number;
};

/** Time has gone by when either clock says so. */
export const createIdleLock = ({ monotonic, wall }: Clocks, onIdle: () => void): IdleLock => {
  let lastMonotonic = monotonic();
  let lastWall = wall();
  let afterMs: number | null = null;

  const begin = (): void => {
    lastMonotonic = monotonic();
    lastWall = wall();
  };
  const isIdle = (): boolean =>
    afterMs !== null && Math.max(monotonic() - lastMonotonic, wall() - lastWall) >= afterMs;
  const check = (): void => {
    if (!isIdle()) return;
    begin();
    onIdle();
  };

  return {
    note: () => {
      check();
      begin();
    },
    after: (ms) => {
      afterMs = ms;
    },
    check,
  };
};
