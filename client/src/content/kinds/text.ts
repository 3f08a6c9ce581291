import { messageId, username } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Message } from '../../vault/tables.ts';
import type { Kind, RowKind } from '../kind.ts';
import { access, CONTENT_VERSION, earlier, messageReference, v } from '../parts.ts';

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
  /** Generation of the author's device list at that time: there is one that is as new, whatever a server gives. */
  list: z.optional(z.int().check(z.positive())),
  access,
  earlier,
});
export type TextContent = z.infer<typeof schema>;

export const textContent = (
  { id, text, replyTo }: Pick<Message, 'id' | 'text' | 'replyTo'>,
  from: string,
  list?: number,
): TextContent => ({
  ...{ v: CONTENT_VERSION, kind: 'text', id, from, text },
  ...(replyTo && { replyTo }),
  ...(list && { list }),
});

export const text: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: ({ id }, { author }) => [{ author, id }],
  apply: async ({ place, add, onNameHint, expectList, keepAccess }, content) => {
    const { id, text, from, replyTo, list, access: token } = content;
    const { author, conversation, direction, state, timeOf } = place;
    await add(author, {
      ...{ id, conversation, direction, state, text, kind: 'text', ...timeOf(id) },
      ...(replyTo && { replyTo }),
    });
    if (direction === 'out') return false;
    onNameHint(author, from);
    if (list !== undefined) await expectList(author, list, id);
    if (token !== undefined) await keepAccess(author, token);
    return true;
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
