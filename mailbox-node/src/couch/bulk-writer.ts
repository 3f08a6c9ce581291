import { couchRequest, type CouchServer, hasStatus, type Logger, ServiceError } from '@restante/service-kit';
import type { EnvelopeDocument, PartDocument, TombstoneDocument } from '@restante/protocol';
import type { ByteBudget } from '../mail/byte-budget.ts';
import { createGroupCommit, type GroupCommit } from '../mail/group-commit.ts';
import type { StoreRoom } from './store-room.ts';

/**
 * The one way that mail and blobs are written: `_bulk_docs` with `new_edits: false`, so that revisions are the derived ones
 * and a tombstone brings its ancestor along (laws 4 and 5).
 */
export type BulkWriter = {
  /** Resolves when the documents are on disk. Repeating a write changes nothing. Deletions ride with what is written next. */
  readonly write: (database: string, documents: readonly Written[]) => Promise<void>;
  readonly idle: () => Promise<void>;
};

type Written = EnvelopeDocument | PartDocument | TombstoneDocument;

type Item = {
  readonly id: string;
  readonly rev: string;
  readonly isTombstone: boolean;
  readonly json: string;
};

const MAX_BATCH_DOCUMENTS = 1_000;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

const toItem = (document: Written): Item => ({
  id: document._id,
  rev: document._rev,
  isTombstone: '_deleted' in document,
  json: JSON.stringify(document),
});

/** Each revision once. A tombstone stands for its envelope too: the envelope is its ancestor. */
const withoutRepeats = (items: readonly Item[]): Item[] => {
  const dead = new Set(items.filter(({ isTombstone }) => isTombstone).map(({ id }) => id));
  const wanted = items.filter(({ id, isTombstone }) => isTombstone || !dead.has(id));
  return [...new Map(wanted.map((item) => [`${item.id} ${item.rev}`, item])).values()];
};

/** What is told of each write: how many documents, and how long it took until they were durable. */
export type BatchWatch = {
  readonly written: (documents: number, seconds: number) => void;
  /** Ids of what is on the disk now, new or not, and no tombstone. */
  readonly stored?: (database: string, ids: readonly string[]) => void;
  readonly failed: () => void;
};

/** `createBucket` is called when a database is not there; it may refuse. */
export const createBulkWriter = ({
  log,
  server,
  budget,
  room,
  createBucket,
  batches,
}: {
  readonly log: Logger;
  readonly server: CouchServer;
  readonly budget: ByteBudget;
  readonly room: StoreRoom;
  readonly createBucket: (database: string) => Promise<void>;
  readonly batches: BatchWatch;
}): BulkWriter => {
  const post = async (db: string, body: string): Promise<void> => {
    const rows = await room.watch(couchRequest(server, { db, path: '_bulk_docs', method: 'POST', body }));
    if (Array.isArray(rows) && rows.every((row: object) => !('error' in row))) return;
    throw new ServiceError('unavailable', 'the store refused a document');
  };

  const commitTo =
    (database: string) =>
    async (items: readonly Item[]): Promise<void> => {
      const batch = withoutRepeats(items);
      const body = `{"new_edits":false,"docs":[${batch.map(({ json }) => json).join()}]}`;
      const startedAtMs = performance.now();
      try {
        await post(database, body).catch(async (error: unknown) => {
          if (!hasStatus(error, 404)) throw error;
          await createBucket(database);
          await post(database, body);
        });
      } catch (error) {
        batches.failed();
        log.warn({ event: 'write-failed', database, documents: batch.length, err: error }, 'write failed');
        throw new ServiceError('unavailable', 'the store does not take writes', { cause: error });
      }
      batches.stored?.(
        database,
        batch.filter(({ isTombstone }) => !isTombstone).map(({ id }) => id),
      );
      batches.written(batch.length, (performance.now() - startedAtMs) / 1000);
    };

  const queues = new Map<string, GroupCommit<Item>>();
  const queueOf = (database: string): GroupCommit<Item> => {
    const existing = queues.get(database);
    if (existing) return existing;
    const queue = createGroupCommit({
      commit: commitTo(database),
      budget,
      maxBatchItems: MAX_BATCH_DOCUMENTS,
      maxBatchBytes: MAX_BATCH_BYTES,
    });
    queues.set(database, queue);
    return queue;
  };

  return {
    write: async (database, documents) => {
      const items = documents.map(toItem);
      const bytes = items.reduce((sum, { json }) => sum + json.length, 0);
      await queueOf(database).add(
        items,
        bytes,
        items.every(({ isTombstone }) => isTombstone),
      );
    },
    idle: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.idle()));
    },
  };
};
