/**
 * A bucket is the database of the envelopes, or of the blobs, of one span of time, found from the time in an id.
 * Spans are counted from 1970, so every node cuts time at the same places.
 */
export type Buckets = {
  /** Name of the bucket that holds a message of this time. */
  readonly nameAt: (timeMs: number) => string;
  /** As `nameAt`, or null when everything in that bucket has expired at `nowMs`. */
  readonly nameOfLiving: (timeMs: number, nowMs: number) => string | null;
  /** Names of all buckets that can hold something readable at `nowMs`, oldest first, the next one last. */
  readonly liveAt: (nowMs: number) => string[];
  /** Whether everything in this bucket has expired at `nowMs`. */
  readonly isExpired: (name: string, nowMs: number) => boolean;
  /** First millisecond of a bucket, or null when the name is not a bucket's. */
  readonly startOf: (name: string) => number | null;
  /** Whether this is a bucket's name, of whatever span. */
  readonly isName: (name: string) => boolean;
};

/** What a bucket is of; its name begins with that. */
export type BucketKind = 'messages' | 'blobs';

/** Of what a bucket of this name is, whatever stands before it; null: it is none. */
export const bucketKindOf = (name: string): BucketKind | null =>
  (/(messages|blobs)-\d{8}$/.exec(name)?.[1] as BucketKind | undefined) ?? null;

const DAY_MS = 24 * 60 * 60 * 1000;

/** `spanDays`: whole days per bucket. `ttlMs`: how long something may be read after the time in its id. */
export const buckets = (spanDays: number, ttlMs: number, kind: BucketKind = 'messages'): Buckets => {
  const pattern = new RegExp(`^${kind}-(\\d{4})(\\d{2})(\\d{2})$`);
  const spanMs = spanDays * DAY_MS;
  const startAt = (timeMs: number): number => Math.floor(timeMs / spanMs) * spanMs;
  /** The last name: almost every time belongs to the span of the time before it. */
  let last = { start: NaN, name: '' };
  const nameAt = (timeMs: number): string => {
    const start = startAt(timeMs);
    if (start !== last.start) {
      last = { start, name: `${kind}-${new Date(start).toISOString().slice(0, 10).replaceAll('-', '')}` };
    }
    return last.name;
  };
  const startOf = (name: string): number | null => {
    const match = pattern.exec(name);
    if (!match) return null;
    const timeMs = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
    return nameAt(timeMs) === name ? timeMs : null;
  };
  const hasExpiredAt = (startMs: number, nowMs: number): boolean => startMs + spanMs + ttlMs <= nowMs;
  return {
    nameAt,
    startOf,
    isName: (name) => pattern.test(name),
    nameOfLiving: (timeMs, nowMs) => (hasExpiredAt(startAt(timeMs), nowMs) ? null : nameAt(timeMs)),
    liveAt: (nowMs) => {
      const names: string[] = [];
      for (let time = startAt(nowMs - ttlMs); time <= startAt(nowMs) + spanMs; time += spanMs) {
        names.push(nameAt(time));
      }
      return names;
    },
    isExpired: (name, nowMs) => {
      const start = startOf(name);
      return start !== null && hasExpiredAt(start, nowMs);
    },
  };
};
