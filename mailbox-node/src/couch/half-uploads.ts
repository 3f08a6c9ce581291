import {
  blobBytes,
  LIMITS,
  messageTime,
  parsePartId,
  partDocumentId,
  partRevision,
  partsOf,
  partsRange,
  tombstoneDocument,
  type BlobId,
} from '@restante/protocol';
import {
  couchRequest,
  hasStatus,
  readCheckpoint,
  removeKept,
  requestRows,
  writeCheckpoint,
  type CouchServer,
  type Logger,
} from '@restante/service-kit';
import { z } from 'zod';
import { WRITTEN_WITHIN_MS } from '../blobs/written-within.ts';
import type { Databases } from '../mesh/databases.ts';
import type { BulkWriter } from './bulk-writer.ts';

/**
 * Takes away what there is of blobs that never became whole. A blob is whole when all parts that each of them tells of are somewhere: nobody has
 * to say so. Each node looks at what has come to it once the time for it is over, asks the others for what it lacks itself, and takes
 * away at home alone. While one of them does not answer nothing goes: the rest of an upload may lie there.
 */
export type HalfUploads = {
  /** Looks at what has come into a bucket of blobs since the last time. @throws as `couchRequest`, and of writes */
  readonly sweep: (database: string, signal: AbortSignal) => Promise<void>;
  /** Takes away what is kept of a bucket that is to be dropped, or was lost. */
  readonly remove: (database: string) => Promise<void>;
};

/** How far a bucket's changes have been looked at. */
const CHECKPOINT = 'half-uploads';
const ROWS_PER_READ = 200;

const sequence = z.union([z.string(), z.number()]).transform(String);
const changes = z.object({
  results: z.array(z.object({ seq: sequence, id: z.string(), deleted: z.boolean().optional() })),
});
const ofWhole = z.object({ bytes: blobBytes });

const LARGEST_BYTES = LIMITS.blobParts * LIMITS.blobPartBytes;

/** Parts of a blob of so many bytes that are not among these. */
const lacks = (parts: ReadonlySet<number>, bytes: number): number[] =>
  Array.from({ length: partsOf(bytes) }, (_, part) => part).filter((part) => !parts.has(part));

/** What is to come of a blob: `later`: a node did not say what it has. */
type Outcome = 'settled' | 'later';

/**
 * `presentAtPeers`: which of these documents any of the other nodes has; null: one of them does not say. `surely`: a time that has come, for what
 * had to wait for {@link WRITTEN_WITHIN_MS}. `latest`: the later one of all times that are known here.
 */
export const createHalfUploads = ({
  log,
  server,
  node,
  writer,
  databases,
  presentAtPeers,
  surely,
  latest,
  onRemoved,
}: {
  readonly log: Logger;
  readonly server: CouchServer;
  /** The node's own database. */
  readonly node: string;
  readonly writer: BulkWriter;
  readonly databases: Pick<Databases, 'isOfTime'>;
  readonly presentAtPeers: (database: string, ids: readonly string[]) => Promise<ReadonlySet<string> | null>;
  readonly surely: () => number;
  readonly latest: () => number;
  readonly onRemoved: (parts: number) => void;
}): HalfUploads => {
  const partsHere = async (db: string, blob: BlobId): Promise<number[]> => {
    const { start, end } = partsRange(blob);
    const qs = { startkey: start, endkey: end, inclusive_end: false };
    const rows = await requestRows(server, { db, path: '_all_docs', qs });
    return rows.flatMap(({ id, rev, isDeleted }) => {
      const parsed = parsePartId(id);
      return parsed === null || isDeleted || rev !== partRevision(id) ? [] : [parsed.part];
    });
  };

  /** Of the whole blob, as this part says; null: it is none. */
  const bytesBy = async (db: string, blob: BlobId, part: number): Promise<number | null> => {
    const id = partDocumentId(blob, part);
    try {
      const qs = { rev: partRevision(id) };
      const document = await couchRequest(server, { db, path: encodeURIComponent(id), qs });
      return ofWhole.safeParse(document).data?.bytes ?? null;
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  };

  /** Parts by the blob that they tell of. They may contradict each other: whoever says another size ends nobody's parts but its own. */
  const byBytes = async (
    db: string,
    blob: BlobId,
    parts: readonly number[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, readonly number[]>> => {
    const told = new Map<number, number[]>();
    for (const part of parts) {
      signal.throwIfAborted();
      const bytes = await bytesBy(db, blob, part);
      if (bytes !== null) told.set(bytes, [...(told.get(bytes) ?? []), part]);
    }
    return told;
  };

  const settle = async (db: string, blob: BlobId, signal: AbortSignal): Promise<Outcome> => {
    const parts = await partsHere(db, blob);
    const [here, last] = [new Set(parts), parts.at(-1)];
    if (last === undefined) return 'settled';
    const bytes = await bytesBy(db, blob, last);
    if (bytes !== null && partsOf(bytes) === parts.length && lacks(here, bytes).length === 0)
      return 'settled';
    const ids = lacks(here, LARGEST_BYTES).map((part) => partDocumentId(blob, part));
    const atPeers = await presentAtPeers(db, ids);
    if (atPeers === null) return 'later';
    for (const [wholeBytes, ofThem] of await byBytes(db, blob, parts, signal)) {
      if (lacks(here, wholeBytes).every((part) => atPeers.has(partDocumentId(blob, part)))) continue;
      await writer.write(
        db,
        ofThem.map((part) => tombstoneDocument(partDocumentId(blob, part))),
      );
      onRemoved(ofThem.length);
      log.info({ event: 'half-upload-removed', database: db, parts: ofThem.length }, 'half upload removed');
    }
    return 'settled';
  };

  /** What is not of the bucket's time nobody reads; what is ahead of all clocks no master has begun. All others would wait behind it for its time. */
  const isOfTime = (db: string, blob: BlobId): boolean =>
    databases.isOfTime(db, messageTime(blob)) && messageTime(blob) <= latest() + LIMITS.clockSkewMs;

  /** Looks at a page of changes after `since`. */
  const sweepPage = async (
    db: string,
    since: string,
    signal: AbortSignal,
  ): Promise<{ readonly through: string; readonly isOver: boolean }> => {
    const qs = { since, limit: ROWS_PER_READ };
    const { results } = changes.parse(await couchRequest(server, { db, path: '_changes', qs }));
    const settled = new Set<BlobId>();
    let through = since;
    for (const { seq, id, deleted } of results) {
      signal.throwIfAborted();
      const blob = deleted === true ? undefined : parsePartId(id)?.blob;
      if (blob !== undefined && isOfTime(db, blob) && !settled.has(blob)) {
        if (messageTime(blob) + WRITTEN_WITHIN_MS > surely()) return { through, isOver: true };
        if ((await settle(db, blob, signal)) === 'later') return { through, isOver: true };
        settled.add(blob);
      }
      through = seq;
    }
    return { through, isOver: results.length < ROWS_PER_READ };
  };

  return {
    sweep: async (database, signal) => {
      const about = { node, database };
      const kept = await readCheckpoint(server, about, CHECKPOINT, z.object({}));
      let since = kept?.isSound === true ? kept.sequence : '0';
      for (let isOver = false; !isOver;) {
        const page = await sweepPage(database, since, signal);
        if (page.through !== since)
          await writeCheckpoint(server, about, CHECKPOINT, { sequence: page.through, value: {} });
        ({ isOver, through: since } = page);
      }
    },
    remove: async (database) => {
      await removeKept(server, { node, database }, CHECKPOINT);
    },
  };
};
