import { buckets, directoryDatabase, LIMITS, nodeDatabase, type BucketKind } from '@restante/protocol';

/** Names of a node's databases in its CouchDB. Nothing else knows of the prefix. */
export type Databases = {
  readonly directory: string;
  /** What the node keeps of itself: none of the mesh's. */
  readonly node: string;
  /** The bucket of messages of this moment. */
  readonly currentAt: (nowMs: number) => string;
  /** The bucket of a message with this time, or null when it is dropped by now or not due yet. */
  readonly bucketFor: (messageTimeMs: number, nowMs: number) => string | null;
  /** Buckets that exist at `nowMs`, oldest first; the last one is created ahead of its time. */
  readonly liveAt: (nowMs: number) => string[];
  /** Live buckets that may hold a message at `nowMs`, oldest first. */
  readonly readableAt: (nowMs: number) => string[];
  /** Buckets of a time to come, oldest first, as far ahead as mail lives: what a wrong clock has put there is carried from them. */
  readonly aheadAt: (nowMs: number) => string[];
  /** Whether this is a live bucket that no message can be in yet. */
  readonly isAhead: (database: string, nowMs: number) => boolean;
  /** Whether a message of this time belongs into this bucket of ours. */
  readonly isOfTime: (database: string, messageTimeMs: number) => boolean;
  /** The time that this bucket of ours is for. */
  readonly timeOf: (database: string) => { readonly startMs: number; readonly spanMs: number };
  /** Whether this is a bucket of ours, of whatever time. */
  readonly isBucket: (database: string) => boolean;
  /** Whether this is the directory or a bucket of ours, of whatever time and span. */
  readonly isOurs: (database: string) => boolean;
  /** Whether this is a bucket of ours in which everything has expired. */
  readonly isExpired: (database: string, nowMs: number) => boolean;
};

const DAY_MS = 24 * 60 * 60 * 1000;

export const createDatabases = (
  prefix: string,
  spanDays: number,
  ttlMs: number,
  kind: BucketKind = 'messages',
): Databases => {
  const spans = buckets(spanDays, ttlMs, kind);
  const liveAt = (nowMs: number): string[] => spans.liveAt(nowMs).map((name) => prefix + name);
  const readableAt = (nowMs: number): string[] => {
    const last = prefix + spans.nameAt(nowMs + LIMITS.clockSkewMs);
    return liveAt(nowMs).filter((database) => database <= last);
  };
  const aheadAt = (nowMs: number): string[] => {
    const live = liveAt(nowMs);
    return liveAt(nowMs + ttlMs).filter((database) => !live.includes(database));
  };
  const directory = directoryDatabase(prefix);
  const timeOf = (database: string) => ({
    startMs: spans.startOf(database.slice(prefix.length)) ?? 0,
    spanMs: spanDays * DAY_MS,
  });
  return {
    directory,
    node: nodeDatabase(prefix),
    currentAt: (nowMs) => prefix + spans.nameAt(nowMs),
    bucketFor: (messageTimeMs, nowMs) => {
      if (messageTimeMs > nowMs + LIMITS.clockSkewMs) return null;
      const name = spans.nameOfLiving(messageTimeMs, nowMs);
      return name === null ? null : prefix + name;
    },
    liveAt,
    readableAt,
    aheadAt,
    // Another node's clock may be ahead by what is allowed.
    isAhead: (database, nowMs) =>
      liveAt(nowMs).includes(database) && !readableAt(nowMs + LIMITS.clockSkewMs).includes(database),
    isOfTime: (database, messageTimeMs) => {
      const { startMs, spanMs } = timeOf(database);
      return messageTimeMs >= startMs && messageTimeMs < startMs + spanMs;
    },
    timeOf,
    isBucket: (database) =>
      database.startsWith(prefix) && spans.startOf(database.slice(prefix.length)) !== null,
    isOurs: (database) =>
      database === directory || (database.startsWith(prefix) && spans.isName(database.slice(prefix.length))),
    isExpired: (database, nowMs) =>
      database.startsWith(prefix) && spans.isExpired(database.slice(prefix.length), nowMs),
  };
};
