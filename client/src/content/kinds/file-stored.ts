import * as z from 'zod/mini';
import type { Kind } from '../kind.ts';
import { earlier, fileInBlob, v } from '../parts.ts';

/** A file of a message lies in another blob from now on, of the same bytes. */
const schema = z.object({ v, kind: z.literal('file-stored'), ...fileInBlob.shape, earlier });

export const fileStored: Kind<typeof schema> = {
  schema,
  from: 'anyone',
  references: ({ target }) => [target],
  apply: async ({ from, moveFile }, stored) => {
    await moveFile(from.accountId, stored);
    return false;
  },
  lasting: () => 'always',
};
