import { LIMITS } from './limits.ts';
import { messageId, type Id } from './ids.ts';
import { mintMessageId } from './message-id.ts';
import * as z from 'zod/mini';
import { firstRevision } from './document.ts';

/**
 * A blob is bytes that are too large for an envelope, encrypted by its sender, and stored in parts. Nodes know its id, its size and
 * what lies in it as ciphertext. Whoever knows the id may read it: nobody can guess one.
 */
export type BlobId = Id<'blob'>;

/** A UUIDv7 that a master has minted: 48 bits of its time, by which a blob is found, and 74 random ones. */
export const blobId: z.ZodMiniType<BlobId, string> = messageId;

/** So long after the time in its id a blob may be written. What is not whole then never will be. */
export const UPLOAD_MS = 24 * 60 * 60 * 1000;

/** `random` is 10 random bytes. */
export const mintBlobId = (timeMs: number, random: Uint8Array): BlobId => mintMessageId(timeMs, random);

/** Bytes of a blob: of all its parts together. */
export const blobBytes = z.int().check(z.minimum(1), z.maximum(LIMITS.blobParts * LIMITS.blobPartBytes));

/** How many parts a blob of so many bytes has. */
export const partsOf = (bytes: number): number => Math.ceil(bytes / LIMITS.blobPartBytes);

/** Bytes of one of its parts: all are full but the last one. 0: it has no such part. */
export const bytesOfPart = (bytes: number, part: number): number =>
  Math.max(0, Math.min(LIMITS.blobPartBytes, bytes - part * LIMITS.blobPartBytes));

const PART_DIGITS = 4;

/** `_id` of a part. Those of one blob are one contiguous range, in their order. */
export const partDocumentId = (blob: BlobId, part: number): string =>
  `${blob}:${String(part).padStart(PART_DIGITS, '0')}`;

/** First key of a blob's parts and the first key after them, in the byte order of the primary index. */
export const partsRange = (blob: BlobId): { start: string; end: string } => ({
  start: `${blob}:`,
  end: `${blob};`,
});

/** Blob and part of an `_id`, or null when it is not a part's. */
export const parsePartId = (id: string): { readonly blob: BlobId; readonly part: number } | null => {
  const [, blob = '', digits = ''] = /^([^:]+):(\d{4})$/.exec(id) ?? [];
  const part = Number(digits);
  return blobId.safeParse(blob).success && part < LIMITS.blobParts ? { blob, part } : null;
};

/** A part as CouchDB stores it. Like an envelope it never changes, and every writer makes the same revision (law 5). */
export type PartDocument = {
  readonly _id: string;
  readonly _rev: string;
  /** Of the whole blob. */
  readonly bytes: number;
  /** The part's ciphertext. */
  readonly data: string;
  readonly v: 1;
};

/** `_rev` of the part with this `_id`. */
export const partRevision = (id: string): string => firstRevision(id);

/** The document of a part, for `_bulk_docs` with `new_edits: false`. `data`: base64 */
export const partDocument = (blob: BlobId, part: number, bytes: number, data: string): PartDocument => {
  const id = partDocumentId(blob, part);
  return { _id: id, _rev: partRevision(id), bytes, data, v: 1 };
};
