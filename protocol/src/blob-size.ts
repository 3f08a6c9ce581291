import { LIMITS } from './limits.ts';

/**
 * How long a blob is for what is in it. Nodes see that length: it is one of few, at most 5 % apart, so that it tells little of a file.
 *
 * Each part is encrypted by itself, and is as long as its plaintext and {@link TAG_BYTES}.
 */

/** Of AES-GCM. */
export const TAG_BYTES = 16;
/** Plaintext of each part but the last one. */
export const PLAIN_PART_BYTES = LIMITS.blobPartBytes - TAG_BYTES;

/** As Signal pads attachments: the smallest of these, and each 5 % more than the one before. */
const SMALLEST_BYTES = 541;
const STEP = 1.05;

/** To how many bytes content of so many is filled up. */
export const paddedBytes = (contentBytes: number): number => {
  const step = Math.ceil(Math.log(contentBytes) / Math.log(STEP));
  return Math.max(SMALLEST_BYTES, contentBytes, Math.floor(STEP ** step));
};

/** Bytes of the blob that holds content of so many. */
export const blobBytesFor = (contentBytes: number): number => {
  const padded = paddedBytes(contentBytes);
  return padded + TAG_BYTES * Math.ceil(padded / PLAIN_PART_BYTES);
};
