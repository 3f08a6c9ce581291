import { base64, blobId, LIMITS, PLAIN_PART_BYTES } from '@restante/protocol';
import * as z from 'zod/mini';
import { fileName, fileType } from '../../files/file-name.ts';
import { MAX_FILES, MAX_PREVIEW_BYTES } from '../../files/limits.ts';
import type { Message, MessageFile } from '../../vault/tables.ts';
import type { Kind } from '../kind.ts';
import { CONTENT_VERSION } from '../parts.ts';
import { applyWritten, written } from '../written.ts';
import { firstWords } from '../wordings.ts';

/** Bytes of the largest file that fits into a blob; operators may let less through. */
export const MAX_FILE_BYTES = LIMITS.blobParts * PLAIN_PART_BYTES;
const MAX_WAVEFORM_BYTES = 128;
const MAX_NAME_LENGTH = 1_024;
const MAX_SIDE = 1_000_000;

const base64Of = (maxBytes: number) => base64(Math.ceil(maxBytes / 3) * 4);
const bytes32 = base64(44).check(z.length(44));
const side = z.int().check(z.positive(), z.maximum(MAX_SIDE));

/** A file of a message, which has been stored. */
export const storedFile = z.object({
  name: z.string().check(z.minLength(1), z.maxLength(MAX_NAME_LENGTH)),
  /** What its sender takes it for: nobody goes by it before having looked. */
  type: z.string().check(z.maxLength(MAX_NAME_LENGTH)),
  /** In bytes. */
  size: z.int().check(z.minimum(0), z.maximum(MAX_FILE_BYTES)),
  /** Base64 of 32 bytes, drawn for this file. */
  key: bytes32,
  /** Where it is, and base64 of what its parts are (`blobs/blob-digest.ts`). */
  blob: z.object({ id: blobId, digest: bytes32 }),
  /** Of a picture or film, as it is shown. */
  width: z.exactOptional(side),
  height: z.exactOptional(side),
  /** Of a film or recording. */
  seconds: z.exactOptional(z.number().check(z.minimum(0))),
  /** Base64 of a small picture of it. */
  preview: z.exactOptional(base64Of(MAX_PREVIEW_BYTES)),
  /** Base64 of how loud a voice message is, from its beginning to its end. */
  waveform: z.exactOptional(base64Of(MAX_WAVEFORM_BYTES)),
});

/** Files with what a person wrote to them, which may be nothing. Their bytes are blobs. */
const schema = z.object({
  ...written,
  kind: z.literal('files'),
  text: z.string(),
  files: z.array(storedFile).check(z.minLength(1), z.maxLength(MAX_FILES)),
});
export type FilesContent = z.infer<typeof schema>;

/** Null as long as one of them is not stored. */
export const filesContent = (
  message: Pick<Message, 'id' | 'text' | 'edited' | 'replyTo' | 'timer'> & {
    readonly files: readonly MessageFile[];
  },
  from: string,
  list?: number,
): FilesContent | null => {
  const files = message.files.flatMap(({ blob, askedAt: _, ...file }) => (blob ? [{ ...file, blob }] : []));
  if (files.length < message.files.length) return null;
  return {
    ...{ v: CONTENT_VERSION, kind: 'files', id: message.id, from, text: firstWords(message), files },
    ...(message.replyTo && { replyTo: message.replyTo }),
    ...(message.timer && { timer: message.timer }),
    ...(list && { list }),
  };
};

export const files: Kind<typeof schema> = {
  schema,
  from: 'others',
  references: ({ id }, { author }) => [{ author, id }],
  apply: (applying, content) =>
    applyWritten(applying, content, {
      text: content.text,
      files: content.files.map((file) => ({
        ...file,
        name: fileName(file.name),
        type: fileType(file.type),
      })),
    }),
  lasting: () => 'from-then-on',
};
