import { MessengerError } from '../messenger-error.ts';
import { content, type Content } from './content.ts';
import { shared, type SharedContent } from './shared.ts';
import { MAX_CONTENT_BYTES } from './parts.ts';
import { pad, unpad } from './padding.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

const bytesOf = (value: Content): Uint8Array => encoder.encode(JSON.stringify(value));

/** The padded plaintext of a content. */
export const encodeContent = (value: Content): Uint8Array<ArrayBuffer> => pad(bytesOf(value));

/** Throws `bad-text` for what a reader could not take: it breaks the schema, or is too long. */
export const checkContent = (value: SharedContent): void => {
  if (!shared.safeParse(value).success || bytesOf(value).length > MAX_CONTENT_BYTES)
    throw new MessengerError('bad-text', 'a content is empty or too long');
};

/** The content of a padded plaintext, or null when it is of a kind or version that this messenger does not know. */
export const decodeContent = (plaintext: Uint8Array): Content | null => {
  const bytes = unpad(plaintext);
  if (bytes === null) return null;
  try {
    const parsed = content.safeParse(JSON.parse(decoder.decode(bytes)));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};
