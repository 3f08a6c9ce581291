import { messageTime, type BlobId } from '@restante/protocol';
import type { Logger, ObjectStore } from '@restante/service-kit';
import { WRITTEN_WITHIN_MS } from '../blobs/written-within.ts';
import { PLACE_MS } from './s3-blob-store.ts';
import { parsePartKey, PARTS_PREFIX } from './part-keys.ts';

/**
 * Takes away objects of blobs that never became whole, once nobody can put a part of them any more. Every node of a cell does so: it is the
 * same to do it twice.
 */
export type S3HalfUploads = {
  /** Looks at the blobs whose time to be written has gone by since the last time. @throws as `ObjectStore` */
  readonly sweep: (signal: AbortSignal) => Promise<void>;
};

/** A place that was told in the last moment is good for as long. */
export const PUT_WITHIN_MS = WRITTEN_WITHIN_MS + PLACE_MS;

/** Objects of one blob. */
type Found = {
  readonly blob: BlobId;
  readonly keys: string[];
  readonly here: Set<number>;
  parts: number | null;
};

const isWhole = ({ parts, here }: Found): boolean =>
  parts !== null && Array.from({ length: parts }, (_, part) => part).every((part) => here.has(part));

/**
 * `surely`: a time that has come, for what had to wait for {@link PUT_WITHIN_MS}. `isElsewhere`: whether parts of a blob lie in another store: it
 * was begun before the cell had this one.
 */
export const createS3HalfUploads = ({
  log,
  objects,
  surely,
  isElsewhere,
  onRemoved,
}: {
  readonly log: Logger;
  readonly objects: ObjectStore;
  readonly surely: () => number;
  readonly isElsewhere: (blob: BlobId) => Promise<boolean>;
  readonly onRemoved: (parts: number) => void;
}): S3HalfUploads => {
  /** The key up to which all has been looked at. After a start everything is, once. */
  let through = PARTS_PREFIX;

  const settle = async (found: Found): Promise<void> => {
    if (isWhole(found) || (await isElsewhere(found.blob))) return;
    for (const key of found.keys) await objects.remove(key);
    onRemoved(found.here.size);
    log.info({ event: 'half-upload-removed', parts: found.here.size }, 'half upload removed');
  };

  return {
    sweep: async (signal) => {
      let found = null as Found | null;
      let after = through;
      for (;;) {
        signal.throwIfAborted();
        const page = await objects.list(PARTS_PREFIX, after);
        for (const { key } of page.objects) {
          const parsed = parsePartKey(key);
          if (parsed !== null && parsed.blob !== found?.blob) {
            if (found !== null) await settle(found);
            through = after;
            if (messageTime(parsed.blob) + PUT_WITHIN_MS > surely()) return;
            found = { blob: parsed.blob, keys: [], here: new Set(), parts: null };
          }
          after = key;
          if (parsed === null || found === null) continue;
          found.keys.push(key);
          if (parsed.part !== null) found.here.add(parsed.part);
          else found.parts = parsed.parts;
        }
        if (page.isWhole || page.objects.length === 0) break;
      }
      if (found === null) return;
      await settle(found);
      through = after;
    },
  };
};
