/** Plaintexts are padded so that the length of a ciphertext tells little about that of a text. */
const BLOCK_BYTES = 160;
const MARK = 0x80;

/** Adds one mark byte, then zeros up to a multiple of 160 bytes. */
export const pad = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const padded = new Uint8Array(Math.ceil((bytes.length + 1) / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(bytes);
  padded[bytes.length] = MARK;
  return padded;
};

/** The bytes before the mark, or null when there is none. */
export const unpad = (padded: Uint8Array): Uint8Array | null => {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end -= 1;
  return padded[end] === MARK ? padded.subarray(0, end) : null;
};
