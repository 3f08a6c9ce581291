import * as z from 'zod/mini';
import type { Message } from '../../vault/tables.ts';
import type { Kind, RowKind } from '../kind.ts';
import { CONTENT_VERSION } from '../parts.ts';
import { editsOf, firstWords } from '../wordings.ts';
import { applyWritten, written } from '../written.ts';
import { editContent, type EditContent } from './edit.ts';
import { filesContent, type FilesContent } from './files.ts';

/** UTF-16 units of a text that a conversation shows of its newest message. */
const MAX_PREVIEW_LENGTH = 200;

/** What a person wrote. */
const schema = z.object({
  ...written,
  kind: z.literal('text'),
  text: z.string().check(z.minLength(1)),
});
export type TextContent = z.infer<typeof schema>;

/** What it said first: edits are contents of their own. */
export const textContent = (
  message: Pick<Message, 'id' | 'text' | 'edited' | 'replyTo' | 'timer'>,
  from: string,
  list?: number,
): TextContent => ({
  ...{ v: CONTENT_VERSION, kind: 'text', id: message.id, from, text: firstWords(message) },
  ...(message.replyTo && { replyTo: message.replyTo }),
  ...(message.timer && { timer: message.timer }),
  ...(list && { list }),
});

export const text: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: ({ id }, { author }) => [{ author, id }],
  apply: (applying, content) => applyWritten(applying, content, { text: content.text }),
  lasting: () => 'from-then-on',
};

/** What is sent of a row, as it was written first. Null: not all of its files are stored. */
export const writtenContent = (
  message: Message,
  from: string,
  list?: number,
): TextContent | FilesContent | null => {
  const { files } = message;
  return files === undefined
    ? textContent(message, from, list)
    : filesContent({ ...message, files }, from, list);
};

export const textRow: RowKind<TextContent | FilesContent | EditContent> = {
  kind: 'text',
  // The half of a character that is cut in two goes as well.
  preview: ({ text, files = [] }) =>
    (text || files.map(({ name }) => name).join(', '))
      .slice(0, MAX_PREVIEW_LENGTH)
      .replace(/[\uD800-\uDBFF]$/, ''),
  exported: ({ text, files, edited, replyTo, reactions, timer, starred }) => ({
    text,
    ...(files && { files: files.map(({ name, type, size }) => ({ name, type, size })) }),
    ...(edited && { edited: { id: edited.id, former: edited.former } }),
    ...(replyTo && { replyTo }),
    ...(reactions && { reactions }),
    ...(timer && { timer }),
    ...(starred?.value && { starred: true }),
  }),
  again: (message, { username, edit }) => {
    if (edit === undefined) return Promise.resolve(writtenContent(message, username));
    const wording = editsOf(message).find(({ id }) => id === edit);
    return Promise.resolve(wording ? editContent(message.id, wording) : null);
  },
};
