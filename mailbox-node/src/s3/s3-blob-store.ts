import { bytesOfPart, LIMITS, messageTime, partsOf, type BlobId } from '@restante/protocol';
import { ObjectStoreError, ServiceError, type ObjectStore } from '@restante/service-kit';
import type { BlobPlaces } from '../blobs/blob-places.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import { parsePartKey, partKey, prefixOf, sizeKey } from './part-keys.ts';

/** How long a place is good: longer than a part takes on a slow line. */
export const PLACE_MS = 10 * 60 * 1000;

/** Parts as objects of an S3-compatible store, the same one for all nodes of a cell. */
export const createS3BlobStore = ({
  objects,
  ttlMs,
  now,
}: {
  readonly objects: ObjectStore;
  readonly ttlMs: number;
  readonly now: () => number;
}): BlobStore & BlobPlaces => {
  const isReadable = (blob: BlobId): boolean =>
    messageTime(blob) + ttlMs > now() && messageTime(blob) <= now() + LIMITS.clockSkewMs;

  /** Whatever is wrong with the store, or with the keys to it: its client may come again. */
  const unavailable = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof ObjectStoreError)) throw error;
      throw new ServiceError('unavailable', 'the object store refuses', { cause: error });
    }
  };

  /** A part that may be put. The size is there before the first part is, so that a whole blob is known for one. */
  const begin = async (blob: BlobId, part: number, bytes: number): Promise<string> => {
    if (!isReadable(blob)) {
      const isAhead = messageTime(blob) > now();
      throw new ServiceError(isAhead ? 'clock-skew' : 'message-expired', 'the time of this blob is not now');
    }
    if (part === 0) await unavailable(objects.put(sizeKey(blob, partsOf(bytes)), Buffer.alloc(0)));
    return partKey(blob, part);
  };

  return {
    put: async ({ blob, part, bytes, data }) => {
      if (data.length === 0 || data.length !== bytesOfPart(bytes, part))
        throw new ServiceError('bad-request', 'the part is not as long as its blob says');
      await unavailable(objects.put(await begin(blob, part, bytes), data));
    },
    get: (blob, part) =>
      isReadable(blob)
        ? unavailable(objects.get(partKey(blob, part), LIMITS.blobPartBytes))
        : Promise.resolve(null),
    parts: async (blob) => {
      if (!isReadable(blob)) return [];
      const parts: number[] = [];
      for (let after: string | undefined; ;) {
        const page = await unavailable(objects.list(prefixOf(blob), after));
        parts.push(...page.objects.flatMap(({ key }) => parsePartKey(key)?.part ?? []));
        after = page.objects.at(-1)?.key;
        if (page.isWhole || after === undefined) return parts;
      }
    },
    toPut: async ({ blob, part, bytes }) =>
      objects.placeToPut(await begin(blob, part, bytes), bytesOfPart(bytes, part), PLACE_MS),
    toGet: (blob, part) =>
      isReadable(blob) ? objects.placeToGet(partKey(blob, part), PLACE_MS) : Promise.resolve(null),
  };
};
