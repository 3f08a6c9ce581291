/** Milliseconds of the machine's monotonic clock: the same in all its processes. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
