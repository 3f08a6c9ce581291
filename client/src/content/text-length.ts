import { MessengerError } from '../messenger-error.ts';
import { MAX_TEXT_BYTES } from './parts.ts';

/** Throws `bad-text` when a text is too long to be sent. */
export const checkLength = (text: string): void => {
  if (new TextEncoder().encode(text).length > MAX_TEXT_BYTES)
    throw new MessengerError('bad-text', `a text has at most ${MAX_TEXT_BYTES} bytes`);
};
