/** UTF-8 bytes that a message may have; as the messenger's own bound. */
export const MAX_TEXT_BYTES = 64 * 1024;

/** From so many bytes before the bound on a person is told. */
export const HINT_BYTES = 2 * 1024;

const encoder = new TextEncoder();

/** Bytes that may still be written; negative: the text is too long. */
export const bytesLeft = (text: string): number =>
  // A code unit has three bytes at most: short texts need no count.
  text.length * 3 < MAX_TEXT_BYTES - HINT_BYTES
    ? MAX_TEXT_BYTES - text.length
    : MAX_TEXT_BYTES - encoder.encode(text).length;
