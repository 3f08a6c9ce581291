import { pictureHeader, pictureHeaderOf } from './picture-header.ts';

/** A square picture of a person: how it is made small, and whether it may be shown. */

/** Sides and qualities that it is tried with, until it is small enough. */
const TRIES = [
  [320, 0.85],
  [320, 0.7],
  [256, 0.7],
  [192, 0.6],
  [96, 0.5],
] as const;
/** Nobody sends a larger one: decoded it would take megabytes for each person in a list. */
const MAX_SIDE = 1_024;

/** The middle of a picture, as a JPEG of at most `maxBytes`, without what else is in its file; null: it is none that can be drawn. */
export const toProfilePicture = async (
  content: Blob,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> => {
  const isDrawn =
    (await pictureHeaderOf(content)) !== null || /^image\/(?:avif|heic|heif|bmp)$/.test(content.type);
  if (!isDrawn) return null;
  const bitmap = await createImageBitmap(content, { imageOrientation: 'from-image' }).catch(() => null);
  if (bitmap === null) return null;
  try {
    const { width, height } = bitmap;
    const from = Math.min(width, height);
    for (const [side, quality] of TRIES) {
      const canvas = new OffscreenCanvas(side, side);
      const context = canvas.getContext('2d');
      if (context === null) return null;
      // What is seen through stays light.
      context.fillStyle = '#fff';
      context.fillRect(0, 0, side, side);
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, (width - from) / 2, (height - from) / 2, from, from, 0, 0, side, side);
      const drawn = await canvas.convertToBlob({ type: 'image/jpeg', quality });
      if (drawn.size <= maxBytes) return new Uint8Array(await drawn.arrayBuffer());
    }
    return null;
  } finally {
    bitmap.close();
  }
};

/** What may be shown of what somebody has sent as their picture, as a blob of the type that it is; null: nothing. */
export const shownProfilePicture = (picture: Uint8Array<ArrayBuffer>): Blob | null => {
  const header = pictureHeader(picture);
  if (header === null || header.type === 'image/gif') return null;
  if (Math.max(header.width, header.height) > MAX_SIDE) return null;
  return new Blob([picture], { type: header.type });
};
