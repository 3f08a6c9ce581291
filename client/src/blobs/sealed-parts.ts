import { blobBytesFor, bytesOfPart, partsOf, PLAIN_PART_BYTES, TAG_BYTES } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import { createBlobCipher } from './blob-cipher.ts';

/** What is sent. It must not change until all of it is stored: a key is for one wording alone. */
export type BlobContent = {
  /** In bytes. */
  readonly size: number;
  /** The bytes from `from` up to, and without, `to`. */
  readonly read: (from: number, to: number) => Promise<Uint8Array>;
};

/** A blob's parts, as they are stored. */
export type SealedParts = {
  /** Of what is in the blob, in bytes. */
  readonly size: number;
  /** @throws MessengerError `content-changed`, `file-lost` */
  readonly part: (part: number) => Promise<Uint8Array<ArrayBuffer>>;
};

/** A part's plaintext: the content, filled up with zeros. */
const plainPart = async (
  content: BlobContent,
  bytes: number,
  part: number,
): Promise<Uint8Array<ArrayBuffer>> => {
  const from = part * PLAIN_PART_BYTES;
  const plain = new Uint8Array(bytesOfPart(bytes, part) - TAG_BYTES);
  const to = Math.min(content.size, from + plain.length);
  if (to <= from) return plain;
  const read = await content.read(from, to);
  if (read.length !== to - from) throw new MessengerError('content-changed', 'the file is not what it was');
  plain.set(read);
  return plain;
};

/** `key`: 32 bytes that were drawn for this content. */
export const sealedContent = async (
  content: BlobContent,
  key: Uint8Array<ArrayBuffer>,
): Promise<SealedParts> => {
  const bytes = blobBytesFor(content.size);
  const last = partsOf(bytes) - 1;
  const cipher = await createBlobCipher(key);
  return {
    size: content.size,
    part: async (part) => {
      const plain = await plainPart(content, bytes, part);
      return cipher.seal(part, part === last, plain);
    },
  };
};
