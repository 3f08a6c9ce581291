import { messageId } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Kind, RowKind } from '../kind.ts';
import { CONTENT_VERSION, earlier, v } from '../parts.ts';

/** The author takes their own message `target` back, for everyone. */
const schema = z.object({ v, kind: z.literal('deletion'), id: messageId, target: messageId, earlier });
type DeletionContent = z.infer<typeof schema>;

export const deletion: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: ({ target }, { author }) => [{ author, id: target }],
  apply: async ({ place, annotate }, { target }) => {
    const { author, conversation } = place;
    await annotate(conversation, { author, id: target }, { deleted: true });
    return false;
  },
  lasting: () => 'always',
};

export const deletedRow: RowKind<DeletionContent> = {
  kind: 'deleted',
  preview: () => '',
  exported: () => ({ text: '' }),
  again: async ({ id: target }, { mint }) => ({
    ...{ v: CONTENT_VERSION, kind: 'deletion', id: await mint(), target },
  }),
};
