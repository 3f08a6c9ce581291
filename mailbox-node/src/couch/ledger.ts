import { hash } from 'node:crypto';
import { envelopeRevision, messageTime, parseDocumentId, tombstoneRevision } from '@restante/protocol';
import { hasStatus, type CouchServer } from '@restante/service-kit';
import { z } from 'zod';
import { couchRequest, requestRows } from './request.ts';

/**
 * What became of all mail that a bucket ever took in (law 9): accepted = deleted + expired + waiting. `accepted` and `deleted`
 * are counted when it happens and kept durably; `expired` and `waiting` are what lies there now.
 */
export type BucketLedger = {
  readonly accepted: number;
  readonly deleted: number;
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
  /** Counts what has changed in a bucket since the last time. What is no row of a feed or no checkpoint is passed over. */
  readonly count: (database: string, signal: AbortSignal) => Promise<BucketLedger>;
  /** The store has said that these envelopes are on its disk: they count as accepted, wherever they are by the next count. */
  readonly written: (database: string, ids: readonly string[]) => void;
  readonly forget: (database: string) => void;
};

const ROWS_PER_READ = 2_000;
const KEYS_PER_READ = 5_000;
/** Confirmed writes that are looked for by the next count; more are not. */
const MAX_WRITTEN = 100_000;
const PATH = '_local/restante-ledger';

/** How far the ledger has come. `lost` is as it was last known; `othersDeleted` are tombstones of what is no mail. */
const checkpoint = z.object({
  sequence: z.string(),
  accepted: z.int(),
  deleted: z.int(),
  lost: z.int(),
  othersDeleted: z.int(),
});
type Checkpoint = z.infer<typeof checkpoint>;

const change = z.object({
  id: z.string(),
  deleted: z.boolean().default(false),
  changes: z.array(z.object({ rev: z.string() })),
});
type Change = z.infer<typeof change>;

type Info = { readonly doc_count: number; readonly doc_del_count: number };
const isSame = (a: Info, b: Info): boolean =>
  a.doc_count === b.doc_count && a.doc_del_count === b.doc_del_count;

/** 53 bits of an id: a million of them are alike once in ten thousand buckets. */
const keyOf = (id: string): number => {
  const bytes = hash('sha256', id, 'buffer');
  return bytes.readUIntBE(0, 6) * 32 + (bytes.readUInt8(6) & 31);
};

/** A bucket as the changes read so far leave it. */
type Book = Checkpoint & {
  /** Whether it has been written down in the bucket itself. */
  isKept: boolean;
  /** Keys of mail that lies there. */
  readonly mail: Set<number>;
  /** Keys of live documents that are no mail, or should not be there any more. */
  readonly others: Set<number>;
};

/**
 * Follows each bucket's changes from a checkpoint in the bucket itself, so that its cost goes with what changes. A change that is mail for
 * the first time is accepted, a tombstone of ours is a deletion; what the engine says is there must be the rest. Of what came and
 * went while the node was not running, the engine tells only the sum.
 */
export const createLedger = ({
  server,
  ttlMs,
  mayHoldExpired,
  now,
}: {
  readonly server: CouchServer;
  readonly ttlMs: number;
  /** Whether anything in this bucket can have expired. */
  readonly mayHoldExpired: (database: string) => boolean;
  readonly now: () => number;
}): Ledger => {
  const books = new Map<string, Book>();
  const written = new Map<string, Set<string>>();

  const info = async (db: string): Promise<Info> => (await couchRequest(server, { db })) as Info;

  const readCheckpoint = async (db: string): Promise<Checkpoint | null> => {
    try {
      return checkpoint.safeParse(await couchRequest(server, { db, path: PATH })).data ?? null;
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  };

  const readKeys = async (
    db: string,
    signal: AbortSignal,
    onRow: (id: string, rev: string) => void,
  ): Promise<void> => {
    let from: string | undefined;
    for (;;) {
      signal.throwIfAborted();
      const qs = { limit: KEYS_PER_READ, ...(from !== undefined && { startkey: `${from}!` }) };
      const rows = await requestRows(server, { db, path: '_all_docs', qs });
      for (const { id, rev } of rows) onRow(id, rev);
      from = rows.at(-1)?.id;
      if (rows.length < KEYS_PER_READ) return;
    }
  };

  /** Hands on all changes after a sequence, page by page with the sequence after it. */
  const readChanges = async (
    db: string,
    sequence: string,
    signal: AbortSignal,
    onPage: (changes: readonly Change[], sequence: string) => void,
  ): Promise<void> => {
    for (let since = sequence; ;) {
      signal.throwIfAborted();
      const qs = { since, limit: ROWS_PER_READ, style: 'all_docs' };
      const page = (await couchRequest(server, { db, path: '_changes', qs })) as {
        readonly results: readonly unknown[];
        readonly last_seq: unknown;
      };
      since = typeof page.last_seq === 'string' ? page.last_seq : JSON.stringify(page.last_seq);
      onPage(
        page.results.flatMap((row) => change.safeParse(row).data ?? []),
        since,
      );
      if (page.results.length < ROWS_PER_READ) return;
    }
  };

  const isDeletion = ({ id, deleted, changes }: Change): boolean =>
    deleted && parseDocumentId(id) !== null && changes.some(({ rev }) => rev === tombstoneRevision(id));

  const isMail = ({ id, deleted, changes }: Change): boolean =>
    !deleted &&
    parseDocumentId(id) !== null &&
    changes.some(({ rev }) => rev === envelopeRevision(id)) &&
    !changes.some(({ rev }) => rev === tombstoneRevision(id));

  const apply = (book: Book, row: Change): void => {
    const key = keyOf(row.id);
    if (row.deleted) {
      book.others.delete(key);
      if (parseDocumentId(row.id) === null) book.othersDeleted += 1;
      const wasThere = book.mail.has(key);
      // One with several leaves that was not there has been counted before: it came back, and was ended.
      if (!isDeletion(row) || (!wasThere && row.changes.length > 1)) return;
      if (!book.mail.delete(key)) book.accepted += 1;
      book.deleted += 1;
    } else if (!book.mail.has(key)) {
      if (!isMail(row)) book.others.add(key);
      else {
        book.mail.add(key);
        book.accepted += 1;
      }
    }
  };

  /**
   * Goes on from a checkpoint of an earlier run. The changes are read before the keys, and go on to be read from there: what
   * changes in between is counted once. What was lost in the meantime can be told when nothing changes in between.
   */
  const resume = async (db: string, from: Checkpoint, signal: AbortSignal): Promise<Book> => {
    const before = await info(db);
    let { sequence, othersDeleted } = from;
    let came = 0;
    let went = 0;
    await readChanges(db, from.sequence, signal, (changes, next) => {
      came += changes.filter(isMail).length;
      went += changes.filter(isDeletion).length;
      othersDeleted += changes.filter(({ id, deleted }) => deleted && parseDocumentId(id) === null).length;
      sequence = next;
    });
    const mail = new Set<number>();
    const others = new Set<number>();
    await readKeys(db, signal, (id, rev) =>
      (rev === envelopeRevision(id) && parseDocumentId(id) !== null ? mail : others).add(keyOf(id)),
    );
    const deleted = from.deleted + went;
    const expected = from.accepted - from.deleted - from.lost + came - went;
    // Of the tombstones some are of mail that came in the meantime too, so more may be there than expected, not less.
    const missing = isSame(before, await info(db)) ? Math.max(0, expected - mail.size) : 0;
    const lost = from.lost + missing;
    const accepted = deleted + mail.size + lost;
    return { sequence, accepted, deleted, lost, othersDeleted, isKept: true, mail, others };
  };

  const open = async (db: string, signal: AbortSignal): Promise<Book> => {
    const known = books.get(db);
    const kept = await readCheckpoint(db);
    // A bucket without the checkpoint that was written there is another one.
    if (known !== undefined && (kept !== null || !known.isKept)) return known;
    const nothing = { sequence: '0', accepted: 0, deleted: 0, lost: 0, othersDeleted: 0, isKept: false };
    const book =
      kept === null
        ? { ...nothing, mail: new Set<number>(), others: new Set<number>() }
        : await resume(db, kept, signal);
    books.set(db, book);
    return book;
  };

  /** Counts what was confirmed as written and never came. */
  const lookForWritten = async (db: string, book: Book, ids: readonly string[]): Promise<void> => {
    const missing = ids.filter((id) => !book.mail.has(keyOf(id)));
    for (let start = 0; start < missing.length; start += ROWS_PER_READ) {
      const keys = missing.slice(start, start + ROWS_PER_READ);
      const request = { db, path: '_all_docs', method: 'POST', body: { keys } } as const;
      const there = new Set((await requestRows(server, request)).map(({ id }) => id));
      for (const id of keys) {
        if (there.has(id)) continue;
        book.accepted += 1;
        book.mail.add(keyOf(id));
      }
    }
  };

  const countExpired = async (db: string, signal: AbortSignal): Promise<number> => {
    if (!mayHoldExpired(db)) return 0;
    const expiredUntil = now() - ttlMs;
    let expired = 0;
    await readKeys(db, signal, (id, rev) => {
      const parsed = parseDocumentId(id);
      if (parsed === null || rev !== envelopeRevision(id)) return;
      if (messageTime(parsed.messageId) <= expiredUntil) expired += 1;
    });
    return expired;
  };

  const keep = async (db: string, book: Book): Promise<void> => {
    const { sequence, accepted, deleted, lost, othersDeleted } = book;
    const { _rev } = (await couchRequest(server, { db, path: PATH }).catch((error: unknown) => {
      if (hasStatus(error, 404)) return {};
      throw error;
    })) as { readonly _rev?: string };
    const body = { sequence, accepted, deleted, lost, othersDeleted, ...(_rev !== undefined && { _rev }) };
    await couchRequest(server, { db, path: PATH, method: 'PUT', body });
    book.isKept = true;
  };

  return {
    count: async (db, signal) => {
      const before = await info(db);
      const book = await open(db, signal);
      const confirmed = [...(written.get(db) ?? [])];
      const last = { ...book };
      await readChanges(db, book.sequence, signal, (changes, sequence) => {
        for (const row of changes) apply(book, row);
        book.sequence = sequence;
      });
      await lookForWritten(db, book, confirmed);
      for (const id of confirmed) written.get(db)?.delete(id);
      const expired = await countExpired(db, signal);
      const isExact = isSame(before, await info(db));
      const live = before.doc_count - book.others.size;
      const { accepted, deleted } = book;
      if (isExact) book.lost = accepted - deleted - live;
      if (
        !book.isKept ||
        (['accepted', 'deleted', 'lost'] as const).some((part) => last[part] !== book[part])
      ) {
        await keep(db, book);
      }
      const returned = deleted + book.othersDeleted - before.doc_del_count;
      return {
        ...{ accepted, deleted, expired, waiting: live - expired },
        lost: book.lost,
        returned,
        isExact,
      };
    },
    written: (db, ids) => {
      const waiting = written.get(db) ?? new Set();
      for (const id of ids) if (waiting.size < MAX_WRITTEN) waiting.add(id);
      written.set(db, waiting);
    },
    forget: (db) => {
      books.delete(db);
      written.delete(db);
    },
  };
};
