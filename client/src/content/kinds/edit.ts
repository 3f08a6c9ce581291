import { LIMITS, messageId, messageTime, type MessageId } from '@restante/protocol';
import * as z from 'zod/mini';
import type { Wording } from '../../vault/tables.ts';
import { EDITABLE_MS } from '../editable.ts';
import type { Kind } from '../kind.ts';
import { CONTENT_VERSION, earlier, v } from '../parts.ts';

/** The author says their own text `target` in other words, within a day; of several edits the one with the latest id stands. */
const schema = z.object({
  v,
  kind: z.literal('edit'),
  id: messageId,
  target: messageId,
  text: z.string().check(z.minLength(1)),
  earlier,
});
export type EditContent = z.infer<typeof schema>;

export const editContent = (target: MessageId, { id, text }: Wording): EditContent => ({
  ...{ v: CONTENT_VERSION, kind: 'edit', id, target, text },
});

/** Whether an edit counts, by the times in both ids. Clocks of one author's devices may differ as far as masters let them. */
export const isInTime = (target: MessageId, edit: MessageId): boolean =>
  Math.abs(messageTime(edit) - messageTime(target)) <= EDITABLE_MS + LIMITS.clockSkewMs;

export const edit: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: ({ target }, { author }) => [{ author, id: target }],
  apply: async ({ place, annotate }, { id, target, text }) => {
    const { author, conversation } = place;
    if (isInTime(target, id)) await annotate(conversation, { author, id: target }, { edits: [{ id, text }] });
    return false;
  },
  lasting: () => 'always',
};
