import { accessToken, accountId, blobId, messageId } from '@restante/protocol';
import * as z from 'zod/mini';
import { MAX_FILES } from '../files/limits.ts';

/** What contents of several kinds are made of. */

/** Version of the content inside the ciphertext. Only devices see it. */
export const CONTENT_VERSION = 1;

/** UTF-8 bytes of a text. */
export const MAX_TEXT_BYTES = 64 * 1024;

/** Bytes of an encoded content, unpadded: with padding, ratchet and base64 it stays below the payload bound. */
export const MAX_CONTENT_BYTES = 70_000;

/** Messages in one receipt or one piece of news for own devices. */
export const MAX_REFERENCES = 500;

/** Ids under which a content was sent before it could be decrypted. */
export const MAX_EARLIER_IDS = 8;

export const v = z.literal(CONTENT_VERSION);

/** Names a message: ids are unique for their author. */
export const messageReference = z.object({ author: accountId, id: messageId });
export type MessageReference = z.infer<typeof messageReference>;

/** A file of a message, and a blob that it is, or was, in. */
export const fileInBlob = z.object({
  target: messageReference,
  index: z.int().check(z.minimum(0), z.maximum(MAX_FILES - 1)),
  blob: blobId,
});
export type FileInBlob = z.infer<typeof fileInBlob>;

export const references = z.array(messageReference).check(z.minLength(1), z.maxLength(MAX_REFERENCES));

/** Stored ids under which its reader could not decrypt it: it comes again, and stands for all of them. */
export const earlier = z.optional(z.array(messageId).check(z.minLength(1), z.maxLength(MAX_EARLIER_IDS)));

/** What its reader shows when they write to its author, who has let them in. */
export const access = z.optional(accessToken);

/** Where a message stands among those of all conversations: a key of its row, without the conversation (`vault/keys.ts`). */
export const placeInHistory = z
  .string()
  .check(z.regex(/^[0-9a-f]{12}:[0-9a-f-]{36}:(?:in|out)$/, 'not a place of a message'));

/** Whether a person lets another one in. */
export const standing = z.enum(['accepted', 'request', 'blocked']);
export type Standing = z.infer<typeof standing>;
