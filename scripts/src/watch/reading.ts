/**
 * What `read` tells, however many ask: one reading at a time, and none within `freshMs` of the last one. Who asks meanwhile gets that one.
 * `read` never rejects.
 */
export const createReading = <T>(read: () => Promise<T>, freshMs: number): (() => Promise<T>) => {
  let last: Promise<T> | undefined;
  let staleAtMs = 0;
  return () => {
    if (last === undefined || performance.now() >= staleAtMs) {
      staleAtMs = Infinity;
      last = read().finally(() => (staleAtMs = performance.now() + freshMs));
    }
    return last;
  };
};
