import { messageId, username } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Message } from '../../vault/tables.ts';
import type { Kind, RowKind } from '../kind.ts';
import { CONTENT_VERSION, earlier, messageReference, v } from '../parts.ts';

/** UTF-16 units of a text that a conversation shows of its newest message. */
const MAX_PREVIEW_LENGTH = 200;

/** What a person wrote. `id` is its logical id: the client id it was first sent under. */
const schema = z.object({
  v,
  kind: z.literal('text'),
  id: messageId,
  /** The author's username, as a hint that the reader's client verifies. */
  from: username,
  text: z.string().check(z.minLength(1)),
  replyTo: z.optional(messageReference),
  earlier,
});
export type TextContent = z.infer<typeof schema>;

export const textContent = (
  { id, text, replyTo }: Pick<Message, 'id' | 'text' | 'replyTo'>,
  from: string,
): TextContent => ({
  ...{ v: CONTENT_VERSION, kind: 'text', id, from, text },
  ...(replyTo && { replyTo }),
});

export const text: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: ({ id }, { author }) => [{ author, id }],
  apply: async ({ place, add, onNameHint }, { id, text, from, replyTo }) => {
    const { author, conversation, direction, state, timeOf } = place;
    await add(author, {
      ...{ id, conversation, direction, state, text, kind: 'text', ...timeOf(id) },
      ...(replyTo && { replyTo }),
    });
    if (direction === 'in') onNameHint(author, from);
    return direction === 'in';
  },
  lasting: () => 'from-then-on',
};

export const textRow: RowKind<TextContent> = {
  kind: 'text',
  // The half of a character that is cut in two goes as well.
  preview: ({ text }) => text.slice(0, MAX_PREVIEW_LENGTH).replace(/[\uD800-\uDBFF]$/, ''),
  exported: ({ text, replyTo, reactions }) => ({
    text,
    ...(replyTo && { replyTo }),
    ...(reactions && { reactions }),
  }),
  again: (message, { username }) => Promise.resolve(textContent(message, username)),
};
