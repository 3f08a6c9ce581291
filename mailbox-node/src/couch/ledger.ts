import {
  couchRequest,
  readCheckpoint,
  readKept,
  removeKept,
  requestRows,
  writeCheckpoint,
  writeKept,
  type About,
  type CouchServer,
} from '@restante/service-kit';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  createLedgerBook,
  MARKS,
  ofMarks,
  type BucketChange,
  type LedgerBook,
  type Mark,
  type MarkLog,
} from '../mail/ledger-book.ts';

/**
 * What became of all mail that a bucket ever took in (law 9): accepted = deleted + expired + waiting. `accepted` and `deleted`
 * are counted when it happens and kept durably; `expired` and `waiting` are what lies there now.
 */
export type BucketLedger = {
  readonly accepted: number;
  readonly deleted: number;
  /** By a part of the bucket's time: a minute of ten days. */
  readonly expired: number;
  readonly waiting: number;
  /** accepted - deleted - expired - waiting: mail that is not there any more although nobody deleted it. */
  readonly lost: number;
  /** Mail that was deleted and is there again; negative: what was deleted in a way that is not the owner's. */
  readonly returned: number;
  /** Whether nothing was taken in or deleted while it was counted: only then the figures must add up. */
  readonly isExact: boolean;
};

export type Ledger = {
  /** Counts what has changed in a bucket since the last time. What is no row of a feed is passed over. */
  readonly count: (database: string, signal: AbortSignal) => Promise<BucketLedger>;
  /** The store has said that these envelopes are on its disk: they count as accepted, wherever they are by the next count. */
  readonly written: (database: string, ids: readonly string[]) => void;
  /**
   * Takes away what is known of a bucket that is to be dropped, or was lost: the next one of its name is asked for nothing that the mesh
   * may not bring, as what was deleted at the others meanwhile.
   */
  readonly remove: (database: string) => Promise<void>;
  readonly forget: (database: string) => void;
};

const ROWS_PER_READ = 2_000;
/** Confirmed writes that are looked for by the next count; more are not. */
const MAX_WRITTEN = 100_000;

/** The checkpoint: counts, and the newest marks. Older marks are in pages, by whose number it names them. */
const CHECKPOINT = 'ledger';
const SERIES = ['a', 'b'] as const;
const pageName = (series: string, index: number): string => `${CHECKPOINT}-${series}-${index}`;
const MARKS_IN_CHECKPOINT = 1_000;
const MARKS_PER_PAGE = 5_000;
/** Pages are written anew when they tell of this many more marks than twice those that hold. */
const SPARE_MARKS = 10_000;
/** Changes that change no count, after which the place is kept all the same. */
const KEEP_EVERY = 1_000;

const keys = z.array(z.int());
const logOfMarks = z.object(ofMarks(() => keys));
const count = z.int();
const checkpoint = z.object({
  /** Changes with every write: who finds another one than it wrote looks at a disk that was put back. */
  version: z.string(),
  accepted: count,
  counts: z.object({ deleted: count, othersDeleted: count, unnamed: count, unsure: count }),
  sizes: z.object(ofMarks(() => count)),
  gap: z.object({ lost: count, returned: count }),
  series: z.enum(SERIES),
  pages: count,
  log: logOfMarks,
});
type Kept = z.infer<typeof checkpoint>;

const bucketChange = z.object({
  id: z.string(),
  deleted: z.boolean().default(false),
  changes: z.array(z.object({ rev: z.string() })),
});

type Info = { readonly doc_count: number; readonly doc_del_count: number };
const isSame = (a: Info, b: Info): boolean =>
  a.doc_count === b.doc_count && a.doc_del_count === b.doc_del_count;

type Gap = Kept['gap'];

/** A bucket's book, and how it is kept. */
type Shelf = {
  readonly book: LedgerBook;
  sequence: string;
  /** The gap that stands after all has been read. */
  gap: Gap;
  /** What was written last; null before. */
  kept: Pick<Kept, 'version' | 'accepted' | 'counts' | 'gap' | 'series' | 'pages' | 'log'> | null;
  /** Marks in the pages. */
  inPages: number;
  /** Changes read since. */
  unkept: number;
  /** Why all is to be read again, if it is: the marks are all known, or are not. */
  doubt: 'none' | 'whole' | 'in-part';
};

const lengthOf = (log: MarkLog): number => MARKS.reduce((sum, mark) => sum + log[mark].length, 0);
const EMPTY: MarkLog = ofMarks(() => []);
const joined = (a: MarkLog, b: MarkLog): Record<Mark, number[]> =>
  ofMarks((mark) => [...a[mark], ...b[mark]]);

/** A log in parts of a page each. */
const pagesOf = (log: MarkLog): MarkLog[] =>
  MARKS.flatMap((mark: Mark) =>
    Array.from({ length: Math.ceil(log[mark].length / MARKS_PER_PAGE) }, (_, index) => ({
      ...EMPTY,
      [mark]: log[mark].slice(index * MARKS_PER_PAGE, (index + 1) * MARKS_PER_PAGE),
    })),
  );

/**
 * Follows each bucket's changes from a checkpoint in the node's own database, so that its cost goes with what changes. A change that is mail for
 * the first time is accepted, a tombstone of ours is a deletion; what the engine says is there must be the rest. Whatever does not fit
 * (the checkpoint, its marks, a gap that was not there before) is believed only after all changes have been read again.
 */
export const createLedger = ({
  server,
  node,
  ttlMs,
  timeOf,
  now,
}: {
  readonly server: CouchServer;
  /** The node's own database. */
  readonly node: string;
  readonly ttlMs: number;
  /** The time that a bucket is for. */
  readonly timeOf: (database: string) => { readonly startMs: number; readonly spanMs: number };
  readonly now: () => number;
}): Ledger => {
  const shelves = new Map<string, Shelf>();
  const written = new Map<string, Set<string>>();

  const info = async (db: string): Promise<Info> => (await couchRequest(server, { db })) as Info;

  /** Hands on all changes after a sequence, page by page with the sequence after it. */
  const readChanges = async (
    db: string,
    from: string,
    signal: AbortSignal,
    onPage: (changes: readonly BucketChange[], sequence: string) => void,
  ): Promise<void> => {
    for (let since = from; ;) {
      signal.throwIfAborted();
      const qs = { since, limit: ROWS_PER_READ, style: 'all_docs' };
      const page = (await couchRequest(server, { db, path: '_changes', qs })) as {
        readonly results: readonly unknown[];
        readonly last_seq: unknown;
      };
      since = typeof page.last_seq === 'string' ? page.last_seq : JSON.stringify(page.last_seq);
      onPage(
        page.results.flatMap((row) => bucketChange.safeParse(row).data ?? []),
        since,
      );
      if (page.results.length < ROWS_PER_READ) return;
    }
  };

  const of = (database: string): About => ({ node, database });

  const readPages = async (db: string, { series, pages }: Kept, signal: AbortSignal): Promise<MarkLog[]> => {
    const found: MarkLog[] = [];
    for (let index = 0; index < pages; index += 1) {
      signal.throwIfAborted();
      found.push((await readKept(server, of(db), pageName(series, index), logOfMarks)) ?? EMPTY);
    }
    return found;
  };

  const newShelf = (db: string): Shelf => ({
    book: createLedgerBook(timeOf(db)),
    sequence: '0',
    gap: { lost: 0, returned: 0 },
    kept: null,
    inPages: 0,
    unkept: 0,
    doubt: 'none',
  });

  const load = async (db: string, sequence: string, kept: Kept, signal: AbortSignal): Promise<Shelf> => {
    const pages = await readPages(db, kept, signal);
    const book = createLedgerBook(timeOf(db), kept.counts, [...pages, kept.log]);
    const isWhole = MARKS.every((mark) => book.sizeOf(mark) === kept.sizes[mark]);
    const shelf = { ...newShelf(db), sequence, gap: kept.gap, kept };
    if (isWhole) return { ...shelf, book, inPages: pages.reduce((sum, page) => sum + lengthOf(page), 0) };
    const unnamed = kept.accepted - kept.counts.deleted;
    return { ...shelf, book: createLedgerBook(timeOf(db), { ...kept.counts, unnamed }), doubt: 'in-part' };
  };

  const open = async (db: string, signal: AbortSignal): Promise<Shelf> => {
    const known = shelves.get(db);
    const found = await readCheckpoint(server, of(db), CHECKPOINT, checkpoint);
    // A bucket without the checkpoint that was written there is another one.
    if (found === null && known !== undefined && known.kept === null) return known;
    const isOurs = known !== undefined && found?.value.version === known.kept?.version;
    const shelf =
      found === null ? newShelf(db) : (known ?? (await load(db, found.sequence, found.value, signal)));
    if (found !== null && shelf.doubt === 'none' && !(found.isSound && (known === undefined || isOurs))) {
      shelf.doubt = 'whole';
    }
    shelves.set(db, shelf);
    return shelf;
  };

  const readAgain = async (db: string, shelf: Shelf, signal: AbortSignal): Promise<void> => {
    const reading = shelf.book.readAgain(shelf.doubt !== 'in-part');
    let end = '0';
    await readChanges(db, '0', signal, (changes, sequence) => {
      for (const change of changes) reading.apply(change);
      end = sequence;
    });
    reading.end();
    shelf.sequence = end;
    shelf.doubt = 'none';
  };

  /** Counts what was confirmed as written and never came. */
  const lookForWritten = async (db: string, book: LedgerBook, ids: readonly string[]): Promise<void> => {
    const missing = ids.filter((id) => !book.knows(id));
    for (let start = 0; start < missing.length; start += ROWS_PER_READ) {
      const asked = missing.slice(start, start + ROWS_PER_READ);
      const request = { db, path: '_all_docs', method: 'POST', body: { keys: asked } } as const;
      const there = new Set((await requestRows(server, request)).map(({ id }) => id));
      for (const id of asked) if (!there.has(id)) book.miss(id);
    }
  };

  const gapOf = (book: LedgerBook, { doc_count, doc_del_count }: Info): Gap => {
    const { deleted, othersDeleted } = book.counts();
    return {
      lost: book.accepted() - deleted - (doc_count - book.sizeOf('others') - book.sizeOf('returned')),
      returned: deleted + othersDeleted - doc_del_count,
    };
  };
  const isGap = (a: Gap, b: Gap): boolean => a.lost === b.lost && a.returned === b.returned;

  const writePages = async (db: string, series: string, from: number, log: MarkLog): Promise<number> => {
    const pages = pagesOf(log);
    for (const [index, body] of pages.entries()) {
      await writeKept(server, of(db), pageName(series, from + index), body);
    }
    return from + pages.length;
  };

  const dropPages = async (db: string, series: string, pages: number): Promise<void> => {
    for (let index = 0; index < pages; index += 1) {
      // What stays does no harm: the next pages of this series are written over it.
      await removeKept(server, of(db), pageName(series, index)).catch(() => null);
    }
  };

  /** Writes the marks and then what names them. What fails in between leaves what was kept before as it was. */
  const keep = async (db: string, shelf: Shelf, changed: MarkLog | null): Promise<void> => {
    const { book, kept, gap, sequence } = shelf;
    const sizes = ofMarks(book.sizeOf);
    const holding = MARKS.reduce((sum, mark) => sum + sizes[mark], 0);
    const isAnew = changed === null || kept === null || shelf.inPages > 2 * holding + SPARE_MARKS;
    const other = kept?.series === 'a' ? 'b' : 'a';
    const series = isAnew ? other : kept.series;
    let log = isAnew ? joined(book.wholeLog(), EMPTY) : joined(kept.log, changed);
    let pages = isAnew ? 0 : kept.pages;
    let inPages = isAnew ? 0 : shelf.inPages;
    if (lengthOf(log) > MARKS_IN_CHECKPOINT) {
      pages = await writePages(db, series, pages, log);
      inPages += lengthOf(log);
      log = joined(EMPTY, EMPTY);
    }
    const version = randomUUID();
    const [accepted, counts] = [book.accepted(), book.counts()];
    const value = { version, accepted, counts, sizes, gap, series, pages, log };
    await writeCheckpoint(server, of(db), CHECKPOINT, { sequence, value });
    if (isAnew && kept !== null) await dropPages(db, kept.series, kept.pages);
    Object.assign(shelf, { kept: value, inPages, unkept: 0 });
  };

  const keepWhatChanged = async (db: string, shelf: Shelf): Promise<void> => {
    const { book, kept, gap } = shelf;
    const changed = book.takeLog();
    const { deleted } = book.counts();
    const isNews =
      kept === null ||
      changed === null ||
      lengthOf(changed) > 0 ||
      shelf.unkept >= KEEP_EVERY ||
      shelf.inPages === Infinity ||
      !isGap(gap, kept.gap) ||
      deleted !== kept.counts.deleted;
    if (!isNews) return;
    try {
      await keep(db, shelf, changed);
    } catch (error) {
      // The marks that were taken are in no page: the next time all are written.
      shelf.inPages = Infinity;
      throw error;
    }
  };

  const forget = (db: string): void => {
    shelves.delete(db);
    written.delete(db);
  };

  return {
    count: async (db, signal) => {
      let before = await info(db);
      const shelf = await open(db, signal);
      const { book } = shelf;
      const confirmed = [...(written.get(db) ?? [])];
      const isReadAgain = shelf.doubt !== 'none';
      if (isReadAgain) await readAgain(db, shelf, signal);
      await readChanges(db, shelf.sequence, signal, (changes, sequence) => {
        for (const change of changes) book.apply(change);
        shelf.sequence = sequence;
        shelf.unkept += changes.length;
      });
      await lookForWritten(db, book, confirmed);
      for (const id of confirmed) written.get(db)?.delete(id);
      let isExact = isSame(before, await info(db));
      if (isExact) book.settle(gapOf(book, before).returned - shelf.gap.returned);
      if (isExact && !isReadAgain && !isGap(gapOf(book, before), shelf.gap)) {
        await readAgain(db, shelf, signal);
        const after = await info(db);
        isExact = isSame(before, after);
        before = after;
      }
      if (isExact) shelf.gap = gapOf(book, before);
      await keepWhatChanged(db, shelf);
      const live = before.doc_count - book.sizeOf('others');
      const expired = Math.min(live, book.sentUntil(now() - ttlMs));
      const { deleted } = book.counts();
      return { accepted: book.accepted(), deleted, expired, waiting: live - expired, ...shelf.gap, isExact };
    },
    written: (db, ids) => {
      const waiting = written.get(db) ?? new Set();
      for (const id of ids) if (waiting.size < MAX_WRITTEN) waiting.add(id);
      written.set(db, waiting);
    },
    remove: async (db) => {
      forget(db);
      for (const series of SERIES) {
        for (let index = 0; await removeKept(server, of(db), pageName(series, index)); index += 1);
      }
      await removeKept(server, of(db), CHECKPOINT);
    },
    forget,
  };
};
