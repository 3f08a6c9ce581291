import { messageTime, type BlobId } from '@restante/protocol';
import { ServiceError, type Logger, type ObjectStore } from '@restante/service-kit';
import { WRITTEN_WITHIN_MS } from '../blobs/written-within.ts';
import { PLACE_MS } from './s3-blob-store.ts';
import { parsePartKey, PARTS_PREFIX, prefixOf } from './part-keys.ts';

/**
 * Takes away objects of blobs that never became whole, once nobody can put a part of them any more. Every node of a cell does so: it is the
 * same to do it twice.
 */
export type S3HalfUploads = {
  /** Looks at the blobs whose time to be written has gone by since the last time. @throws as `ObjectStore` */
  readonly sweep: (signal: AbortSignal) => Promise<void>;
};

/** The key up to which all has been looked at, as the node keeps it. */
export type LookedThrough = {
  /** Null: nothing is known. */
  readonly read: () => Promise<string | null>;
  readonly keep: (key: string) => Promise<void>;
};

/** A place that was told in the last moment is good for as long. */
export const PUT_WITHIN_MS = WRITTEN_WITHIN_MS + PLACE_MS;

/** Objects of one blob: their keys, which parts they are, and how many there are to be. */
type Found = {
  readonly keys: readonly string[];
  readonly here: ReadonlySet<number>;
  readonly parts: number | null;
};

const foundIn = (keys: readonly string[]): Found => {
  const parsed = keys.flatMap((key) => parsePartKey(key) ?? []);
  return {
    keys,
    here: new Set(parsed.flatMap(({ part }) => part ?? [])),
    parts: parsed.find(({ parts }) => parts !== null)?.parts ?? null,
  };
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
  lookedThrough,
}: {
  readonly log: Logger;
  readonly objects: ObjectStore;
  readonly surely: () => number;
  readonly isElsewhere: (blob: BlobId) => Promise<boolean>;
  readonly onRemoved: (parts: number) => void;
  readonly lookedThrough: LookedThrough;
}): S3HalfUploads => {
  /** The key up to which all has been looked at, and that which is kept: null before the first look. */
  let through = PARTS_PREFIX;
  let kept: string | null = null;
  const keep = async (): Promise<void> => {
    if (through === kept) return;
    await lookedThrough.keep(through);
    kept = through;
  };

  const keysOf = async (blob: BlobId): Promise<string[]> => {
    const keys: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await objects.list(prefixOf(blob), after);
      keys.push(...page.objects.map(({ key }) => key));
      after = page.objects.at(-1)?.key;
      if (page.isWhole) return keys;
      if (after === undefined) throw new ServiceError('unavailable', 'the object store lists nothing');
    }
  };

  /** What lacks something in the list of all is looked at once more by itself: one reading destroys nothing. */
  const settle = async (blob: BlobId, listed: readonly string[]): Promise<void> => {
    if (isWhole(foundIn(listed)) || (await isElsewhere(blob))) return;
    const found = foundIn(await keysOf(blob));
    if (isWhole(found)) return;
    for (const key of found.keys) await objects.remove(key);
    onRemoved(found.here.size);
    log.info({ event: 'half-upload-removed', parts: found.here.size }, 'half upload removed');
  };

  return {
    sweep: async (signal) => {
      if (kept === null) kept = through = (await lookedThrough.read()) ?? PARTS_PREFIX;
      let current = null as { readonly blob: BlobId; readonly keys: string[] } | null;
      let after = through;
      for (;;) {
        signal.throwIfAborted();
        const page = await objects.list(PARTS_PREFIX, after);
        for (const { key } of page.objects) {
          const blob = parsePartKey(key)?.blob;
          if (blob !== undefined && blob !== current?.blob) {
            if (current !== null) await settle(current.blob, current.keys);
            through = after;
            if (messageTime(blob) + PUT_WITHIN_MS > surely()) return keep();
            current = { blob, keys: [] };
          }
          after = key;
          if (blob !== undefined) current?.keys.push(key);
        }
        if (page.isWhole) break;
        await keep();
        if (page.objects.length === 0)
          throw new ServiceError('unavailable', 'the object store lists nothing');
      }
      if (current === null) return;
      await settle(current.blob, current.keys);
      through = after;
      await keep();
    },
  };
};
