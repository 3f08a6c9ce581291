import { messageId } from '@restante/protocol';
import * as z from 'zod/mini';
import { named } from '../../vault/conversation-id.ts';
import type { Kind } from '../kind.ts';
import { earlier, messageReference, v } from '../parts.ts';

/** A person's reaction to a message; a later one (by its id) replaces it, and null takes it back. */
const schema = z.object({
  v,
  kind: z.literal('reaction'),
  id: messageId,
  target: messageReference,
  emoji: z.nullable(z.string().check(z.minLength(1), z.maxLength(64))),
  earlier,
});

export const reaction: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: ({ target }) => [target],
  apply: async ({ self, place, annotate }, { id, target, emoji }) => {
    const { author, conversation } = place;
    if (target.author === named(conversation).accountId || target.author === self)
      await annotate(conversation, target, { reactions: { [author]: { emoji, id } } });
    return false;
  },
  lasting: () => 'always',
};
