import type { BlobId } from '@restante/protocol';

/** A part that is to be stored. */
export type BlobPart = {
  readonly blob: BlobId;
  readonly part: number;
  /** Of the whole blob, in bytes: says how long each part is. */
  readonly bytes: number;
  /** Ciphertext. */
  readonly data: Buffer;
};

/** The parts of blobs that one node holds. Each is there as a whole or not at all. */
export type BlobStore = {
  /**
   * Resolves when the part is on disk. What is there already stays as it is.
   *
   * @throws ServiceError `bad-request` (not as long as its blob says), `message-expired`, `clock-skew`, `unavailable`
   */
  readonly put: (part: BlobPart) => Promise<void>;
  /** Null: it is not here, or not as it should be. @throws ServiceError `unavailable` */
  readonly get: (blob: BlobId, part: number) => Promise<Buffer | null>;
  /** Which parts are here, in order. @throws ServiceError `unavailable` */
  readonly parts: (blob: BlobId) => Promise<readonly number[]>;
};
