import { base64, blobId, LIMITS, PLAIN_PART_BYTES } from '@restante/protocol';
import * as z from 'zod/mini';

const bytes32 = base64(44).check(z.length(44));

/** Where an archive lies: in a blob, with a key of its own. */
export const storedArchive = z.object({
  blob: blobId,
  key: bytes32,
  digest: bytes32,
  /** In bytes. */
  size: z.int().check(z.positive(), z.maximum(LIMITS.blobParts * PLAIN_PART_BYTES)),
});
export type StoredArchive = z.infer<typeof storedArchive>;
