import { content, type Content } from './content.ts';
import { pad, unpad } from './padding.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The padded plaintext of a content. */
export const encodeContent = (value: Content): Uint8Array<ArrayBuffer> =>
  pad(encoder.encode(JSON.stringify(value)));

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
