import { blobId, LIMITS, type BlobId } from '@restante/protocol';

/**
 * Keys of objects: `parts/<blob>/<part, four digits>`, and an empty one that says how many parts a blob has, `parts/<blob>/of-<parts>`. Those of one
 * blob lie together, and blobs in the order of their time.
 */

export const PARTS_PREFIX = 'parts/';

export const prefixOf = (blob: BlobId): string => `${PARTS_PREFIX}${blob}/`;

export const partKey = (blob: BlobId, part: number): string =>
  `${prefixOf(blob)}${String(part).padStart(4, '0')}`;

export const sizeKey = (blob: BlobId, parts: number): string => `${prefixOf(blob)}of-${parts}`;

/** What a key is of: a part, or how many there are. Null: none of ours. */
export const parsePartKey = (
  key: string,
): { readonly blob: BlobId; readonly part: number | null; readonly parts: number | null } | null => {
  const [, blob = '', part, parts] = /^parts\/([^/]+)\/(?:(\d{4})|of-(\d{1,4}))$/.exec(key) ?? [];
  if (!blobId.safeParse(blob).success || Number(part ?? parts) > LIMITS.blobParts) return null;
  return {
    blob,
    part: part === undefined ? null : Number(part),
    parts: parts === undefined ? null : Number(parts),
  };
};
