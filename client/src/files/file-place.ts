import type { AccountId, BlobId } from '@restante/protocol';
import type { MessageReference } from '../content/parts.ts';
import { authoredKey } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';
import type { Message, MessageFile } from '../vault/tables.ts';

/** A file that has been stored, of a message that is here. */
export type PlacedFile = {
  /** Of the message's row. */
  readonly key: string;
  readonly message: Message;
  readonly file: MessageFile & Required<Pick<MessageFile, 'blob'>>;
};

/** Null when there is no such message here, or it has been taken back. */
export const placedFile = async (
  reader: Pick<Transaction, 'get'>,
  { author, id }: MessageReference,
  index: number,
): Promise<PlacedFile | null> => {
  const key = await reader.get('messageKeys', authoredKey(author, id));
  const message = key === undefined ? undefined : await reader.get('messages', key);
  const file = message?.kind === 'text' ? message.files?.[index] : undefined;
  const { blob } = file ?? {};
  return key !== undefined && message && file && blob ? { key, message, file: { ...file, blob } } : null;
};

/** Which of a message's files is to be stored again. */
export const dueFileKey = (author: AccountId, { id }: Pick<Message, 'id'>, index: number): string =>
  `${authoredKey(author, id)}:${index}`;

/** The message with a file of it in this blob, of the same bytes. */
export const withFileIn = (message: Message, index: number, id: BlobId): Message => ({
  ...message,
  ...(message.files && {
    files: message.files.map((file, at) => {
      if (at !== index || file.blob === undefined) return file;
      const { askedAt: _, ...rest } = file;
      return { ...rest, blob: { ...file.blob, id } };
    }),
  }),
});
