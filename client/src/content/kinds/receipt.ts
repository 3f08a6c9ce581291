import { messageId } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Kind } from '../kind.ts';
import { access, earlier, MAX_REFERENCES, v } from '../parts.ts';

/** Tells the author of these messages that they have been read. */
const schema = z.object({
  v,
  kind: z.literal('receipt'),
  state: z.literal('read'),
  ids: z.array(messageId).check(z.minLength(1), z.maxLength(MAX_REFERENCES)),
  access,
  earlier,
});

export const receipt: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: ({ ids }, { self }) => ids.map((id) => ({ author: self, id })),
  apply: async ({ self, place, annotate, stateWhenRead, keepAccess }, { ids, access: token }) => {
    if (token !== undefined) await keepAccess(place.author, token);
    for (const id of ids)
      await annotate(place.conversation, { author: self, id }, { state: stateWhenRead() });
    return false;
  },
};
