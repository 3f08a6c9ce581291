import { MAX_PREVIEW_BYTES } from '@restante/client/file-limits';
import type { PickedFile } from '../engine/calls.ts';
import { pictureHeaderOf } from './picture-header.ts';

/** A file that a person has chosen to send. */
export type ChosenFile = {
  readonly content: Blob;
  readonly name: string;
  /** It is sent as it is, with all that it holds. */
  readonly asIs: boolean;
  /** It has been spoken just now. */
  readonly voice?: Pick<PickedFile, 'seconds' | 'waveform'>;
};

/** Longest side of a picture that is sent as one. */
const MAX_SIDE = 2_560;
const QUALITY = 0.85;
/** Sides and qualities that a preview is tried with, until it is small enough. */
const PREVIEWS = [
  [320, 0.6],
  [240, 0.5],
  [160, 0.5],
  [96, 0.4],
  [48, 0.4],
] as const;

type Drawn = { readonly blob: Blob; readonly width: number; readonly height: number };

const draw = async (bitmap: ImageBitmap, side: number, type: string, quality: number): Promise<Drawn> => {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((of) => Math.max(1, Math.round(of * scale))) as [
    number,
    number,
  ];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('nothing can be drawn here');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  return { blob: await canvas.convertToBlob({ type, quality }), width, height };
};

const previewOf = async (bitmap: ImageBitmap, maxBytes: number): Promise<Uint8Array | null> => {
  for (const [side, quality] of PREVIEWS) {
    const { blob } = await draw(bitmap, side, 'image/jpeg', quality);
    if (blob.size <= maxBytes) return new Uint8Array(await blob.arrayBuffer());
  }
  return null;
};

const withEnding = (name: string, type: string): string => {
  const ending = type === 'image/png' ? '.png' : '.jpg';
  const known = type === 'image/png' ? /\.png$/i : /\.jpe?g$/i;
  return known.test(name) ? name : `${name.replace(/\.[^.]{1,5}$/, '')}${ending}`;
};

/** A picture drawn anew, so that nothing is in it but what is seen: no place, no time, no camera. Null: the browser cannot draw it. */
const asPicture = async ({ content, name }: ChosenFile, previewBytes: number): Promise<PickedFile | null> => {
  const header = await pictureHeaderOf(content);
  // What moves would stand still.
  if (header?.type === 'image/gif') return null;
  if (header === null && !/^image\/(?:avif|heic|heif|bmp)$/.test(content.type)) return null;
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(content, { imageOrientation: 'from-image' });
  } catch {
    return null;
  }
  try {
    const type = header?.type === 'image/png' ? 'image/png' : 'image/jpeg';
    const { blob, width, height } = await draw(bitmap, MAX_SIDE, type, QUALITY);
    const preview = await previewOf(bitmap, previewBytes);
    return {
      ...{ content: blob, name: withEnding(name, type), type, width, height },
      ...(preview && { preview }),
    };
  } finally {
    bitmap.close();
  }
};

/** What is sent of the files that were chosen: pictures as they are seen, other files as they are. */
export const prepareFiles = async (chosen: readonly ChosenFile[]): Promise<PickedFile[]> => {
  const previewBytes = Math.floor(MAX_PREVIEW_BYTES / chosen.length);
  const prepared: PickedFile[] = [];
  for (const file of chosen) {
    const picture = file.asIs ? null : await asPicture(file, previewBytes);
    prepared.push(
      picture ?? { content: file.content, name: file.name, type: file.content.type, ...file.voice },
    );
  }
  return prepared;
};
