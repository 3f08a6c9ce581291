import * as z from 'zod/mini';
import type { Message } from '../../vault/tables.ts';
import { timerSeconds } from '../chosen-timer.ts';
import type { Kind, RowKind } from '../kind.ts';
import { CONTENT_VERSION } from '../parts.ts';
import { hearAuthor, written } from '../written.ts';

/** From here on messages of the conversation disappear after so many seconds, or (null) stay. Of several choices the one with the latest id stands. */
const schema = z.object({
  v: written.v,
  kind: z.literal('timer'),
  id: written.id,
  from: written.from,
  list: written.list,
  access: written.access,
  profile: written.profile,
  seconds: z.nullable(timerSeconds),
  earlier: written.earlier,
});
export type TimerContent = z.infer<typeof schema>;

export const timerContent = (
  { id, timer = null }: Pick<Message, 'id'> & { readonly timer?: number | null },
  from: string,
  list?: number,
): TimerContent => ({
  ...{ v: CONTENT_VERSION, kind: 'timer', id, from, seconds: timer },
  ...(list && { list }),
});

/** The line that says so. It is no message: it counts as seen. */
export const timerRow: RowKind<TimerContent> = {
  kind: 'timer',
  preview: () => '',
  exported: ({ timer }) => ({ text: '', ...(timer && { timer }) }),
  again: (message, { username }) => Promise.resolve(timerContent(message, username)),
};

export const timer: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: ({ id }, { author }) => [{ author, id }],
  apply: async (applying, content) => {
    const { id, seconds } = content;
    const { author, conversation, direction, state, timeOf } = applying.place;
    await applying.takeTimer(conversation, { seconds, id });
    await applying.add(author, {
      ...{ id, conversation, direction, kind: 'timer', text: '', ...timeOf(id) },
      state: direction === 'in' ? 'seen' : state,
      ...(seconds !== null && { timer: seconds }),
    });
    return hearAuthor(applying, content);
  },
  lasting: () => 'from-then-on',
};
