import {
  bytesOfPart,
  messageTime,
  parsePartId,
  partDocument,
  partDocumentId,
  partRevision,
  partsRange,
  type BlobId,
} from '@restante/protocol';
import {
  couchRequest,
  hasStatus,
  requestRows,
  ServiceError,
  type CouchServer,
  type SetAside,
} from '@restante/service-kit';
import { z } from 'zod';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { Databases } from '../mesh/databases.ts';
import type { BulkWriter } from './bulk-writer.ts';
import type { DocumentFault } from './envelope-row.ts';

const stored = z.object({ bytes: z.int(), data: z.string(), v: z.literal(1) });

/** A blob store on one CouchDB, by the data path's credentials. `databases`: of blobs. */
export const createCouchBlobStore = ({
  server,
  writer,
  databases,
  setAside,
  ttlMs,
  now,
}: {
  readonly server: CouchServer;
  readonly writer: BulkWriter;
  readonly databases: Databases;
  readonly setAside: SetAside<DocumentFault>;
  readonly ttlMs: number;
  readonly now: () => number;
}): BlobStore => {
  /** The bucket of a blob that may be read; null: there is none. */
  const bucketOf = (blob: BlobId): string | null =>
    messageTime(blob) + ttlMs <= now() ? null : databases.bucketFor(messageTime(blob), now());

  /** Null where there is nothing. One that is not ours to read is just being created, or somebody has changed its rights. */
  const orNull = async <T>(answer: Promise<T>): Promise<T | null> => {
    try {
      return await answer;
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      if (!hasStatus(error, 401) && !hasStatus(error, 403)) throw error;
      throw new ServiceError('unavailable', 'the store cannot be read now', { cause: error });
    }
  };

  return {
    put: async ({ blob, part, bytes, data }) => {
      if (data.length === 0 || data.length !== bytesOfPart(bytes, part))
        throw new ServiceError('bad-request', 'the part is not as long as its blob says');
      const bucket = bucketOf(blob);
      if (bucket === null) {
        const isAhead = messageTime(blob) > now();
        throw new ServiceError(
          isAhead ? 'clock-skew' : 'message-expired',
          'the time of this blob is not now',
        );
      }
      await writer.write(bucket, [partDocument(blob, part, bytes, data.toString('base64'))]);
    },
    get: async (blob, part) => {
      const db = bucketOf(blob);
      if (db === null) return null;
      const id = partDocumentId(blob, part);
      const request = { db, path: encodeURIComponent(id), qs: { rev: partRevision(id) } };
      const document = await orNull(couchRequest(server, request));
      if (document === null) return null;
      const read = stored.safeParse(document);
      const data = read.success ? Buffer.from(read.data.data, 'base64') : null;
      if (read.success && data !== null && data.length === bytesOfPart(read.data.bytes, part)) return data;
      setAside.note(db, id, 'bad-fields');
      return null;
    },
    parts: async (blob) => {
      const db = bucketOf(blob);
      if (db === null) return [];
      const { start, end } = partsRange(blob);
      const qs = { startkey: start, endkey: end, inclusive_end: false };
      const rows = (await orNull(requestRows(server, { db, path: '_all_docs', qs }))) ?? [];
      return rows.flatMap(({ id, rev, isDeleted }) => {
        const parsed = parsePartId(id);
        return parsed === null || isDeleted || rev !== partRevision(id) ? [] : [parsed.part];
      });
    },
  };
};
