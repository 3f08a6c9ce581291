import { base64, blobId } from '@restante/protocol';
import * as z from 'zod/mini';

/** It is in memory as a whole. */
const MAX_ARCHIVE_BYTES = 16 * 1024 * 1024;
const bytes32 = base64(44).check(z.length(44));

/** Where an archive lies: in a blob, with a key of its own. */
export const storedArchive = z.object({
  blob: blobId,
  key: bytes32,
  digest: bytes32,
  /** In bytes. */
  size: z.int().check(z.positive(), z.maximum(MAX_ARCHIVE_BYTES)),
});
export type StoredArchive = z.infer<typeof storedArchive>;
