import { blobBytesFor, bytesOfPart, partsOf, PLAIN_PART_BYTES } from '@restante/protocol';
import { fromBase64 } from '../base64.ts';
import { createBlobCipher } from '../blobs/blob-cipher.ts';
import type { KeptParts } from '../blobs/read-blob.ts';
import { sealedContent, type BlobContent, type SealedParts } from '../blobs/sealed-parts.ts';
import { MessengerError } from '../messenger-error.ts';
import type { MessageFile } from '../vault/tables.ts';
import type { PartStore } from './part-store.ts';

/** What names a file on this device, and opens it. */
export type FileKey = Pick<MessageFile, 'key' | 'size'>;

const NAME_BYTES = 16;

/** Name of a file in the store of parts: it follows from the key, and does not tell it. */
export const keptName = async ({ key }: Pick<FileKey, 'key'>): Promise<string> => {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', fromBase64(key)));
  return [...hash.subarray(0, NAME_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
};

/** Keeps a file as its blob will be: each part is bound to its place. What was begun and not ended is dropped. */
export const keepFile = async (
  parts: PartStore,
  file: FileKey,
  content: BlobContent,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress?: (bytes: number) => void },
): Promise<void> => {
  const name = await keptName(file);
  const count = partsOf(blobBytesFor(file.size));
  const sealed = await sealedContent(content, fromBase64(file.key));
  try {
    for (let part = 0; part < count; part += 1) {
      signal.throwIfAborted();
      const data = await sealed.part(part);
      await parts.put(name, part, data);
      onProgress?.(Math.min(file.size, (part + 1) * PLAIN_PART_BYTES));
    }
  } catch (error) {
    await parts.drop(name).catch(() => undefined);
    throw signal.aborted || error instanceof MessengerError ? error : MessengerError.ofVault(error);
  }
};

/** Whether this device has all of a file, by the lengths of its parts. */
export const isKept = async (parts: PartStore, file: FileKey): Promise<boolean> => {
  const name = await keptName(file);
  const bytes = blobBytesFor(file.size);
  for (let part = 0; part < partsOf(bytes); part += 1)
    if ((await parts.get(name, part))?.length !== bytesOfPart(bytes, part)) return false;
  return true;
};

/** Opens parts that are kept. Throws `file-lost` where one is missing, or is another one. */
const openKept = async (parts: PartStore, file: FileKey) => {
  const name = await keptName(file);
  const bytes = blobBytesFor(file.size);
  const count = partsOf(bytes);
  const cipher = await createBlobCipher(fromBase64(file.key));
  return async (part: number) => {
    const sealed = await parts.get(name, part);
    const plain =
      sealed?.length === bytesOfPart(bytes, part)
        ? await cipher.open(part, part === count - 1, sealed)
        : null;
    if (sealed === null || plain === null)
      throw new MessengerError('file-lost', 'this device does not have the file any more');
    return { sealed, plain };
  };
};

/** What is kept of a file, as it will be stored. */
export const keptSealed = async (parts: PartStore, file: FileKey): Promise<SealedParts> => {
  const open = await openKept(parts, file);
  return {
    size: file.size,
    part: async (part) => {
      const { sealed } = await open(part);
      return sealed;
    },
  };
};

/** What is kept of a file, as it was. Reading throws `file-lost` where a part is missing. */
export const keptContent = async (parts: PartStore, file: FileKey): Promise<BlobContent> => {
  const open = await openKept(parts, file);
  return {
    size: file.size,
    read: async (from, to) => {
      const read = new Uint8Array(Math.max(0, to - from));
      for (let at = from; at < to;) {
        const part = Math.floor(at / PLAIN_PART_BYTES);
        const { plain } = await open(part);
        const start = part * PLAIN_PART_BYTES;
        const piece = plain.subarray(at - start, to - start);
        read.set(piece, at - from);
        at += piece.length;
      }
      return read;
    },
  };
};

/**
 * The parts of a file for whoever reads its blob. Where there is no room for all of them, none is kept any more: that keeps nobody from reading,
 * and what was taken is there for messages. `onFull`: that was so.
 */
export const keptParts = async (parts: PartStore, file: FileKey, onFull: () => void): Promise<KeptParts> => {
  const name = await keptName(file);
  let isFull = false;
  return {
    get: (part) => parts.get(name, part).catch(() => null),
    put: async (part, sealed) => {
      if (isFull) return;
      try {
        await parts.put(name, part, sealed);
      } catch (error) {
        if (MessengerError.ofVault(error).code !== 'storage-full') return;
        isFull = true;
        await parts.drop(name).catch(() => undefined);
        onFull();
      }
    },
  };
};
