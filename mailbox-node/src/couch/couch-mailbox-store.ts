import {
  documentId,
  envelopeDocument,
  LIMITS,
  mailboxRange,
  messageTime,
  parseDocumentId,
  tombstoneDocument,
  tombstoneRevision,
  type DeviceAddress,
  type Envelope,
  type MailboxPage,
  type MessageId,
  type StoredEnvelope,
  type StoreResult,
} from '@restante/protocol';
import {
  type CouchRequest,
  couchRequest,
  type CouchRow,
  type CouchServer,
  hasStatus,
  requestRows,
  ServiceError,
  toServiceError,
} from '@restante/service-kit';
import type { BulkWriter } from './bulk-writer.ts';
import type { Envelopes } from './envelopes.ts';
import type { Databases } from '../mesh/databases.ts';
import { createEarlyDeletions } from '../mail/early-deletions.ts';
import { createPresentMail } from '../mail/present-mail.ts';
import type { MailboxStore } from '../mail/mailbox-store.ts';

/** Documents of the first read of a page, and of each other: grows while the page does, so that memory stays bounded. */
const ENVELOPE_CHUNKS = { first: 64, largest: 128 };
const ID_CHUNKS = { first: 2_001, largest: 2_001 };
const KEYS_PER_READ = 2_000;
/** A page ends after this many rows even when all of them have expired. */
const MAX_ROWS_PER_PAGE = 2_000;
/** JSON of an envelope without its payload, about. */
const ENVELOPE_OVERHEAD_BYTES = 320;

/** The first key after an id: no id continues with a character below this one. */
const after = (id: string): string => `${id}!`;

const messageIdOf = (id: string): MessageId => id.slice(id.lastIndexOf(':') + 1);

/** What a page is of. */
type PageOf<T> = {
  /** Of each row of a bucket; null where there is none to give. */
  readonly read: (database: string, rows: readonly CouchRow[]) => Promise<(T | null)[]>;
  readonly expiresAt: (item: T) => number;
  /** Bytes of JSON, about. */
  readonly size: (item: T) => number;
  readonly chunks: { readonly first: number; readonly largest: number };
  readonly includeDocuments: boolean;
  /** Whether the first page asks all buckets at once: their rows are in memory together then. */
  readonly atOnceAtFirst: boolean;
};

const groupBy = <T>(items: readonly T[], database: (item: T) => string | null): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = database(item);
    if (name !== null) groups.set(name, [...(groups.get(name) ?? []), item]);
  }
  return groups;
};

/** A mailbox store on one CouchDB, by the data path's credentials. */
export const createCouchMailboxStore = ({
  server,
  writer,
  envelopes,
  databases,
  ttlMs,
  now,
  latest = now,
  ahead = () => [],
  onMissing = () => undefined,
}: {
  readonly server: CouchServer;
  readonly writer: BulkWriter;
  readonly envelopes: Envelopes;
  readonly databases: Databases;
  readonly ttlMs: number;
  readonly now: () => number;
  /** The time whose bucket is to be there. */
  readonly latest?: () => number;
  /** Buckets of a time to come that hold something, oldest first: read and deleted from, and never put into. */
  readonly ahead?: () => readonly string[];
  /** Told of a bucket that should be there and is not. */
  readonly onMissing?: (database: string) => void;
}): MailboxStore => {
  const early = createEarlyDeletions();
  const present = createPresentMail();

  /**
   * Rows of a bucket. One that is not there holds nothing, and is told of: it may be lost. One that is not ours to read
   * is just being created, or somebody has changed its rights.
   */
  const readRows = async (request: CouchRequest): Promise<readonly CouchRow[]> => {
    try {
      return await requestRows(server, request);
    } catch (error) {
      if (hasStatus(error, 404)) {
        if (request.db !== undefined) onMissing(request.db);
        return [];
      }
      if (!hasStatus(error, 401) && !hasStatus(error, 403)) throw error;
      throw new ServiceError('unavailable', 'the store cannot be read now', { cause: error });
    }
  };

  /** Rows of a part of a bucket's primary index. */
  const range = (
    db: string,
    bounds: { start: string; end: string },
    limit: number,
    includeDocuments: boolean,
  ): Promise<readonly CouchRow[]> =>
    readRows({
      db,
      path: '_all_docs',
      qs: {
        startkey: bounds.start,
        endkey: bounds.end,
        inclusive_end: false,
        limit,
        include_docs: includeDocuments,
      },
    });

  const bury = async (database: string, documentIds: readonly string[]): Promise<void> => {
    if (documentIds.length > 0) await writer.write(database, documentIds.map(tombstoneDocument));
  };

  const endEarly: MailboxStore['endEarly'] = async (database, documentIds) => {
    const dead = documentIds.filter(early.has);
    if (dead.length === 0) return;
    await bury(database, dead);
    dead.forEach(early.done);
  };

  /** Where a message is that is here, however far its sender's clock was ahead; null: in no bucket that there is. */
  const bucketOf = (id: MessageId): string | null => {
    const bucket = databases.currentAt(messageTime(id));
    return databases.liveAt(now()).includes(bucket) || ahead().includes(bucket) ? bucket : null;
  };
  const readableAt = (nowMs: number): string[] => {
    const readable = databases.readableAt(nowMs);
    return [...readable, ...ahead().filter((bucket) => !readable.includes(bucket))];
  };

  const put = async (envelopes: readonly StoredEnvelope[]): Promise<StoreResult[]> => {
    const results = new Map<StoredEnvelope, StoreResult>();
    const write = async ([database, group]: [string, StoredEnvelope[]]): Promise<void> => {
      let result: StoreResult = { status: 'stored' };
      const ids = group.map((envelope) => documentId(envelope, envelope.id));
      present.note(ids.filter((id) => !early.has(id)));
      try {
        await writer.write(database, group.map(envelopeDocument));
        await endEarly(database, ids);
      } catch (error) {
        present.take(ids);
        const { code } = toServiceError(error);
        result = { status: 'refused', code };
      }
      for (const envelope of group) results.set(envelope, result);
    };
    await Promise.all(
      [...groupBy(envelopes, ({ id }) => databases.bucketFor(messageTime(id), now()))].map(write),
    );
    return envelopes.map(
      (envelope): StoreResult =>
        results.get(envelope) ?? {
          status: 'refused',
          code: messageTime(envelope.id) > now() ? 'clock-skew' : 'message-expired',
        },
    );
  };

  type Page<T> = Pick<MailboxPage, 'complete' | 'next' | 'expired'> & { readonly items: T[] };

  const readPage = async <T>(
    mailbox: DeviceAddress,
    options: { readonly limit: number; readonly after?: MessageId },
    { read, expiresAt, size, chunks, includeDocuments, atOnceAtFirst }: PageOf<T>,
  ): Promise<Page<T>> => {
    const startedAt = now();
    const { start, end } = mailboxRange(mailbox);
    const first = options.after === undefined ? null : bucketOf(options.after);
    const items: T[] = [];
    let rowsSeen = 0;
    let bytes = 0;
    let expired = 0;
    let next: MessageId | null = null;
    let chunk = chunks.first;

    const room = (): number =>
      bytes >= LIMITS.pageBytes || rowsSeen >= MAX_ROWS_PER_PAGE ? 0 : options.limit - items.length;

    const begin = options.after === undefined ? start : after(documentId(mailbox, options.after));
    const buckets = readableAt(startedAt).filter((database) => first === null || database >= first);
    const readFrom = (database: string, from: string, asked: number): Promise<readonly CouchRow[]> =>
      range(database, { start: from, end }, asked, includeDocuments && room() > 0);
    // Most mailboxes fit in one page, and most of their buckets are empty: they need not wait for each other.
    const atOnce = atOnceAtFirst && options.after === undefined ? Math.min(chunk, room() + 1) : 0;
    const heads = await Promise.all(
      atOnce > 0 ? buckets.map((database) => readFrom(database, begin, atOnce)) : [],
    );

    for (const [index, database] of buckets.entries()) {
      let from = begin;
      let head = heads[index];
      for (;;) {
        const asked = head === undefined ? Math.min(chunk, room() + 1) : atOnce;
        const rows = head ?? (await readFrom(database, from, asked));
        head = undefined;
        const found = await read(database, rows);
        for (const [index, row] of rows.entries()) {
          if (room() === 0) return { items, complete: false, next, expired };
          from = after(row.id);
          const parsed = parseDocumentId(row.id);
          // Not an id that the next page could begin after.
          if (parsed === null) continue;
          rowsSeen += 1;
          next = parsed.messageId;
          const item = found[index] ?? null;
          if (item === null) continue;
          if (expiresAt(item) <= startedAt) {
            expired += 1;
            continue;
          }
          items.push(item);
          bytes += size(item);
        }
        if (rows.length < asked) break;
        chunk = chunks.largest;
      }
    }
    return { items, complete: true, next: null, expired };
  };

  const ofEnvelopes: PageOf<Envelope> = {
    read: envelopes.read,
    expiresAt: (envelope) => envelope.expiresAt,
    size: ({ payload }) => payload.length + ENVELOPE_OVERHEAD_BYTES,
    chunks: ENVELOPE_CHUNKS,
    includeDocuments: true,
    atOnceAtFirst: false,
  };
  const ofIds: PageOf<MessageId> = {
    read: envelopes.ids,
    expiresAt: (id) => messageTime(id) + ttlMs,
    size: ({ length }) => length,
    chunks: ID_CHUNKS,
    includeDocuments: false,
    atOnceAtFirst: true,
  };

  const list: MailboxStore['list'] = async (mailbox, options) => {
    const { items, ...page } = await readPage(mailbox, options, ofEnvelopes);
    return { messages: items, ...page };
  };

  const listIds: MailboxStore['listIds'] = async (mailbox, options) => {
    const { items, ...page } = await readPage(mailbox, options, ofIds);
    return { ids: items, ...page };
  };

  const rowsOf = (db: string, documentIds: readonly string[]): Promise<readonly CouchRow[]> =>
    readRows({ db, path: '_all_docs', method: 'POST', body: { keys: documentIds } });

  /** Noted before it is looked for: what comes in between is ended by who puts it. */
  const endWhatIsFound = async (database: string, documentIds: readonly string[]): Promise<number> => {
    if (documentIds.length === 0) return 0;
    documentIds.forEach(early.note);
    const rows = await rowsOf(database, documentIds);
    await bury(
      database,
      rows.filter(({ id, rev }) => rev !== tombstoneRevision(id)).map(({ id }) => id),
    );
    for (const { id } of rows) early.done(id);
    return rows.filter(({ isDeleted }) => !isDeleted).length;
  };

  const end = async (database: string, documentIds: readonly string[]): Promise<number> => {
    const here = present.take(documentIds);
    const [, found] = await Promise.all([
      bury(database, [...here]),
      endWhatIsFound(
        database,
        documentIds.filter((id) => !here.has(id)),
      ),
    ]);
    return here.size + found;
  };

  const acknowledge: MailboxStore['acknowledge'] = async (mailbox, ids) => {
    const groups = groupBy([...new Set(ids)], bucketOf);
    const ended = await Promise.all(
      [...groups].map(([database, group]) =>
        end(
          database,
          group.map((id) => documentId(mailbox, id)),
        ),
      ),
    );
    return ended.reduce((sum, count) => sum + count, 0);
  };

  const waiting: MailboxStore['waiting'] = async (mailbox, max) => {
    const readableFrom = now() - ttlMs;
    const { start, end } = mailboxRange(mailbox);
    let count = 0;
    for (const database of readableAt(now())) {
      let from = start;
      for (;;) {
        const asked = Math.min(KEYS_PER_READ, max - count);
        if (asked <= 0) return max;
        const rows = await range(database, { start: from, end }, asked, false);
        const times = rows.map(({ id }) => messageTime(messageIdOf(id)));
        count += times.filter((time) => time > readableFrom && databases.isOfTime(database, time)).length;
        const last = rows.at(-1);
        if (last === undefined || rows.length < asked) break;
        from = after(last.id);
      }
    }
    return count;
  };

  const rowsOfMailbox = async (
    mailbox: DeviceAddress,
    ids: readonly MessageId[],
  ): Promise<readonly CouchRow[]> => {
    const groups = [...groupBy(ids, bucketOf)];
    const found = await Promise.all(
      groups.map(([database, group]) =>
        rowsOf(
          database,
          group.map((id) => documentId(mailbox, id)),
        ),
      ),
    );
    return found.flat();
  };

  const known: MailboxStore['known'] = async (mailbox, ids) =>
    new Set((await rowsOfMailbox(mailbox, ids)).map(({ id }) => messageIdOf(id)));

  const waitingOf: MailboxStore['waitingOf'] = async (mailbox, ids) => {
    const readableFrom = now() - ttlMs;
    const rows = await rowsOfMailbox(mailbox, ids);
    const live = rows.filter(({ isDeleted }) => !isDeleted).map(({ id }) => messageIdOf(id));
    return new Set(live.filter((id) => messageTime(id) > readableFrom));
  };

  const ping = async (): Promise<void> => {
    await couchRequest(server, { db: databases.currentAt(latest()) });
  };

  return { put, list, listIds, acknowledge, endEarly, waiting, waitingOf, known, ping };
};
