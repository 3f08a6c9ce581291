/** What the first bytes of a picture say. */
export type PictureHeader = {
  readonly type: 'image/jpeg' | 'image/png' | 'image/gif' | 'image/webp';
  readonly width: number;
  readonly height: number;
};

/** As far as a header is looked for: pictures of phones have previews and colour profiles before their size. */
export const HEADER_BYTES = 256 * 1024;
/** Sides and pixels beyond which a picture is not shown: decoded it takes four bytes for each pixel, however small its file is. */
const MAX_SIDE = 16_384;
const MAX_PIXELS = 64_000_000;

const ascii = (bytes: Uint8Array, from: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(from, from + length));

const png = (bytes: Uint8Array, view: DataView): PictureHeader | null =>
  bytes.length >= 24 && ascii(bytes, 0, 8) === '\x89PNG\r\n\x1A\n' && ascii(bytes, 12, 4) === 'IHDR'
    ? { type: 'image/png', width: view.getUint32(16), height: view.getUint32(20) }
    : null;

const gif = (bytes: Uint8Array, view: DataView): PictureHeader | null =>
  bytes.length >= 10 && /^GIF8[79]a$/.test(ascii(bytes, 0, 6))
    ? { type: 'image/gif', width: view.getUint16(6, true), height: view.getUint16(8, true) }
    : null;

const uint24 = (view: DataView, at: number): number =>
  view.getUint16(at, true) | (view.getUint8(at + 2) << 16);

const webp = (bytes: Uint8Array, view: DataView): PictureHeader | null => {
  if (bytes.length < 30 || ascii(bytes, 0, 4) !== 'RIFF' || ascii(bytes, 8, 4) !== 'WEBP') return null;
  const of = (width: number, height: number): PictureHeader => ({ type: 'image/webp', width, height });
  switch (ascii(bytes, 12, 4)) {
    case 'VP8X':
      return of(uint24(view, 24) + 1, uint24(view, 27) + 1);
    case 'VP8L': {
      const bits = view.getUint32(21, true);
      return of((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
    }
    case 'VP8 ':
      return of(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
    default:
      return null;
  }
};

/** Start of a frame, in all its kinds but those that define tables (JPEG, ITU-T T.81, table B.1). */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

const jpeg = (bytes: Uint8Array, view: DataView): PictureHeader | null => {
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 9 <= bytes.length && view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (isFrame(marker))
      return { type: 'image/jpeg', width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    if (marker === 0xda || marker === 0xd9) return null;
    at += 2 + view.getUint16(at + 2);
  }
  return null;
};

/** The header of a picture that may be shown, whatever it is called; null: it is none, of a kind that is not shown, or too large for that. */
export const pictureHeader = (bytes: Uint8Array): PictureHeader | null => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = png(bytes, view) ?? jpeg(bytes, view) ?? webp(bytes, view) ?? gif(bytes, view);
  if (header === null) return null;
  const { width, height } = header;
  const fits = width > 0 && height > 0 && Math.max(width, height) <= MAX_SIDE && width * height <= MAX_PIXELS;
  return fits ? header : null;
};

/** The same of a blob. */
export const pictureHeaderOf = async (content: Blob): Promise<PictureHeader | null> =>
  pictureHeader(new Uint8Array(await content.slice(0, HEADER_BYTES).arrayBuffer()));
