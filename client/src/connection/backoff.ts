/** Bounds of the delay between attempts. */
export type Backoff = { readonly minMs: number; readonly maxMs: number };

export const DEFAULT_BACKOFF: Backoff = { minMs: 1_000, maxMs: 30_000 };

/**
 * Delay before attempt `round` (1 is the first retry): doubles from `minMs` to `maxMs`, then between half and all of it,
 * so that clients that lost the same server do not come back at the same moment. `random` is in [0, 1).
 */
export const backoffDelayMs = ({ minMs, maxMs }: Backoff, round: number, random: number): number =>
  Math.round(Math.min(maxMs, minMs * 2 ** Math.min(round - 1, 30)) * (0.5 + random / 2));
