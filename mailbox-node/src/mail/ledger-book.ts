import { hash } from 'node:crypto';
import { envelopeRevision, messageTime, parseDocumentId, tombstoneRevision } from '@restante/protocol';

/** A document of a bucket as a changes feed tells of it, with all its leaves. `deleted`: none of them lives. */
export type BucketChange = {
  readonly id: string;
  readonly deleted: boolean;
  readonly changes: readonly { readonly rev: string }[];
};

/**
 * What is known of a document: mail that lies there, mail that is lost, mail that was deleted and is there again, a live document
 * that is no mail.
 */
export const MARKS = ['mail', 'missing', 'returned', 'others'] as const;
export type Mark = (typeof MARKS)[number];
/** Keys that were marked, in order; `-1 - key` where the mark was taken away. */
export type MarkLog = Readonly<Record<Mark, readonly number[]>>;

/** One value for each mark. */
export const ofMarks = <T>(value: (mark: Mark) => T): Record<Mark, T> => ({
  mail: value('mail'),
  missing: value('missing'),
  returned: value('returned'),
  others: value('others'),
});

export type BookCounts = {
  /** Mail that its owner deleted. */
  readonly deleted: number;
  /** Tombstones of what is no mail. */
  readonly othersDeleted: number;
  /** Mail that is lost and of which not even the id is known any more. */
  readonly unnamed: number;
  /** Of the deletions those of mail that was not known: a tombstone that is told of again is counted again. See `settle`. */
  readonly unsure: number;
};

/** What became of all mail that a bucket ever took in, as its changes tell. Of each document it keeps 53 bits. */
export type LedgerBook = {
  readonly counts: () => BookCounts;
  readonly accepted: () => number;
  readonly sizeOf: (mark: Mark) => number;
  /** Mail that lies there of which everything sent up to `timeMs` is counted, to a few seconds early. */
  readonly sentUntil: (timeMs: number) => number;
  readonly knows: (id: string) => boolean;
  readonly apply: (change: BucketChange) => void;
  /**
   * Nothing has changed since the last change that was applied, and the engine has so many tombstones less than it should. What was
   * told again is no deletion: CouchDB tells of a tombstone again when its envelope comes late.
   */
  readonly settle: (tooMany: number) => void;
  /** A message that was taken in and is not there. */
  readonly miss: (id: string) => void;
  /**
   * All changes from the beginning are read again: what they tell takes the place of what was believed. Mail that was
   * believed to be there, and of which they do not tell, is lost. `isWhole`: whether all marks are known.
   */
  readonly readAgain: (isWhole: boolean) => {
    readonly apply: (change: BucketChange) => void;
    readonly end: () => void;
  };
  /** Marks since the last call, or null when all are new. */
  readonly takeLog: () => MarkLog | null;
  /** All marks as a log. */
  readonly wholeLog: () => MarkLog;
};

/** Parts of a bucket's time that keys tell apart: a minute of ten days. */
const SLOTS = 2 ** 14;
const HASHES = 2 ** 39;

type Span = { readonly startMs: number; readonly spanMs: number };

const hasLeaf = ({ changes }: BucketChange, wanted: string): boolean =>
  changes.some(({ rev }) => rev === wanted);

const isDeletion = (change: BucketChange): boolean =>
  change.deleted && parseDocumentId(change.id) !== null && hasLeaf(change, tombstoneRevision(change.id));

/** What a live document is as its leaves tell, in a bucket of the `spanMs` from `startMs`. */
const markOf = (change: BucketChange, { startMs, spanMs }: Span): 'mail' | 'returned' | 'others' => {
  const { id } = change;
  const parsed = parseDocumentId(id);
  const afterMs = parsed === null ? -1 : messageTime(parsed.messageId) - startMs;
  if (afterMs < 0 || afterMs >= spanMs || !hasLeaf(change, envelopeRevision(id))) return 'others';
  return hasLeaf(change, tombstoneRevision(id)) ? 'returned' : 'mail';
};

/** `spanMs` from `startMs`: the time of the bucket. `logs`: marks that were kept, read in this order. */
export const createLedgerBook = (
  span: Span,
  counts: BookCounts = { deleted: 0, othersDeleted: 0, unnamed: 0, unsure: 0 },
  logs: readonly MarkLog[] = [],
): LedgerBook => {
  const { startMs, spanMs } = span;
  let { deleted, othersDeleted, unnamed, unsure } = counts;
  let marks = ofMarks(() => new Set<number>());
  let log: Record<Mark, number[]> | null = null;

  for (const kept of logs) {
    for (const mark of MARKS) {
      for (const entry of kept[mark]) {
        if (entry >= 0) marks[mark].add(entry);
        else marks[mark].delete(-1 - entry);
      }
    }
  }
  if (logs.length > 0) log = ofMarks(() => []);

  /** 14 bits of when it was sent, 39 of its id: of a million none are alike in ten thousand buckets. */
  const keyOf = (id: string): number => {
    const bytes = hash('sha256', id, 'buffer');
    const parsed = parseDocumentId(id);
    const share = parsed === null ? 0 : (messageTime(parsed.messageId) - startMs) / spanMs;
    const slot = Math.min(SLOTS - 1, Math.max(0, Math.floor(share * SLOTS)));
    return slot * HASHES + bytes.readUInt32BE(0) * 128 + (bytes.readUInt8(4) & 127);
  };

  const set = (mark: Mark, key: number): void => {
    if (marks[mark].has(key)) return;
    marks[mark].add(key);
    log?.[mark].push(key);
  };
  const unset = (mark: Mark, key: number): boolean => {
    if (!marks[mark].delete(key)) return false;
    log?.[mark].push(-1 - key);
    return true;
  };

  const accepted = (): number => deleted + marks.mail.size + marks.missing.size + unnamed;

  return {
    counts: () => ({ deleted, othersDeleted, unnamed, unsure }),
    accepted,
    sizeOf: (mark) => marks[mark].size,
    sentUntil: (timeMs) => {
      const end = Math.floor(((timeMs - startMs) / spanMs) * SLOTS);
      if (end < 0) return 0;
      let sent = 0;
      for (const key of marks.mail) if (Math.floor(key / HASHES) <= end) sent += 1;
      return sent;
    },
    knows: (id) => {
      const key = keyOf(id);
      return marks.mail.has(key) || marks.missing.has(key);
    },
    apply: (change) => {
      const key = keyOf(change.id);
      if (change.deleted) {
        unset('others', key);
        unset('returned', key);
        if (parseDocumentId(change.id) === null) othersDeleted += 1;
        if (!isDeletion(change)) return;
        const wasKnown = unset('mail', key) || unset('missing', key);
        // One with several leaves that was not there has been counted before: it came back, and was ended.
        if (!wasKnown && change.changes.length > 1) return;
        deleted += 1;
        if (!wasKnown) unsure += 1;
      } else if (!marks.mail.has(key)) {
        const mark = markOf(change, span);
        for (const other of MARKS)
          if (other !== mark && (other !== 'missing' || mark === 'mail')) unset(other, key);
        set(mark, key);
      }
    },
    settle: (tooMany) => {
      deleted -= Math.min(unsure, Math.max(0, tooMany));
      unsure = 0;
    },
    miss: (id) => set('missing', keyOf(id)),
    readAgain: (isWhole) => {
      const before = accepted();
      const rest = new Set([...marks.mail, ...marks.missing]);
      const live = { mail: new Set<number>(), returned: new Set<number>(), others: new Set<number>() };
      const [dead, othersDead] = [new Set<number>(), new Set<number>()];
      return {
        apply: (change) => {
          const key = keyOf(change.id);
          for (const known of [...Object.values(live), dead, othersDead]) known.delete(key);
          if (change.deleted) {
            if (parseDocumentId(change.id) === null) othersDead.add(key);
            else if (isDeletion(change)) {
              dead.add(key);
              rest.delete(key);
            }
          } else live[rest.has(key) ? 'mail' : markOf(change, span)].add(key);
        },
        end: () => {
          for (const key of live.mail) rest.delete(key);
          deleted = Math.max(deleted - unsure, dead.size);
          unsure = 0;
          othersDeleted = othersDead.size;
          marks = { ...live, missing: rest };
          log = null;
          if (!isWhole) unnamed = Math.max(0, before - deleted - live.mail.size - rest.size);
        },
      };
    },
    takeLog: () => {
      const taken = log;
      log = ofMarks(() => []);
      return taken;
    },
    wholeLog: () => ofMarks((mark) => [...marks[mark]]),
  };
};
