/** How long answers took, in whole milliseconds. */
export type Latencies = {
  readonly add: (ms: number) => void;
  readonly percentile: (share: number) => number;
  readonly max: () => number;
  /** How many took longer. */
  readonly over: (ms: number) => number;
  readonly count: () => number;
};

const LONGEST_MS = 20_000;

export const createLatencies = (): Latencies => {
  const counts = new Uint32Array(LONGEST_MS + 1);
  let total = 0;
  let max = 0;
  return {
    add: (ms) => {
      const whole = Math.min(LONGEST_MS, Math.round(ms));
      counts[whole] = (counts[whole] ?? 0) + 1;
      total += 1;
      max = Math.max(max, whole);
    },
    percentile: (share) => {
      let seen = 0;
      return counts.findIndex((count) => (seen += count) >= share * total);
    },
    max: () => max,
    over: (ms) => counts.subarray(ms + 1).reduce((sum, count) => sum + count, 0),
    count: () => total,
  };
};
