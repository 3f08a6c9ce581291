import { blobId } from '@restante/protocol';
import * as z from 'zod/mini';
import { MAX_FILES } from '../../files/limits.ts';
import type { Kind } from '../kind.ts';
import { earlier, messageReference, v } from '../parts.ts';

/** A file of a message, and a blob that it is, or was, in. */
export const fileInBlob = {
  target: messageReference,
  index: z.int().check(z.minimum(0), z.maximum(MAX_FILES - 1)),
  blob: blobId,
};

/** No node has the blob any more that a file was in, and who asks needs it: whoever has the file shall store it again. */
const schema = z.object({ v, kind: z.literal('file-request'), ...fileInBlob, earlier });
export type FileRequest = z.infer<typeof schema>;

export const fileRequest: Kind<typeof schema> = {
  schema,
  from: 'anyone',
  references: ({ target }) => [target],
  apply: async ({ from, storeAgain }, request) => {
    await storeAgain(from.accountId, request);
    return false;
  },
};
