import * as z from 'zod/mini';
import type { Kind } from '../kind.ts';
import { earlier, fileInBlob, v } from '../parts.ts';

/** No node has the blob any more that a file was in, and who asks needs it: whoever has the file shall store it again. */
const schema = z.object({ v, kind: z.literal('file-request'), ...fileInBlob.shape, earlier });

export const fileRequest: Kind<typeof schema> = {
  schema,
  from: 'anyone',
  references: ({ target }) => [target],
  apply: async ({ from, storeAgain }, request) => {
    await storeAgain(from.accountId, request);
    return false;
  },
};
