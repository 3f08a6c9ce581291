import { expect, test } from 'vitest';
import { pictureHeader } from './picture-header.ts';

/** Texts are Latin-1. */
const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  new Uint8Array(
    parts.flatMap((part) =>
      typeof part === 'string' ? Array.from(part, (character) => character.charCodeAt(0)) : part,
    ),
  );
const padded = (content: Uint8Array, length = 64): Uint8Array => {
  const longer = new Uint8Array(Math.max(length, content.length));
  longer.set(content);
  return longer;
};
const be16 = (value: number): number[] => [value >> 8, value & 0xff];
const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value & 0xffff)];
const le16 = (value: number): number[] => be16(value).reverse();

const png = (width: number, height: number): Uint8Array =>
  padded(bytes('\x89PNG\r\n\x1A\n', be32(13), 'IHDR', be32(width), be32(height)));
const jpeg = (width: number, height: number): Uint8Array =>
  padded(
    bytes(
      ...[[0xff, 0xd8], [0xff, 0xe1], be16(10), 'Exif\0\0..'],
      ...[[0xff, 0xff, 0xc2], be16(17), [8], be16(height), be16(width), [3]],
    ),
  );
const gif = (width: number, height: number): Uint8Array => padded(bytes('GIF89a', le16(width), le16(height)));
const webp = (chunk: string, rest: readonly number[]): Uint8Array =>
  padded(bytes('RIFF', [0, 0, 0, 0], 'WEBP', chunk, [0, 0, 0, 0], rest));

test.each([
  ['image/png', 800, 600, png(800, 600)],
  ['image/jpeg', 4_000, 3_000, jpeg(4_000, 3_000)],
  ['image/gif', 320, 200, gif(320, 200)],
  ['image/webp', 500, 400, webp('VP8X', [0, 0, 0, 0, 0xf3, 1, 0, 0x8f, 1, 0])],
  ['image/webp', 500, 400, webp('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a, ...le16(500), ...le16(400)])],
  ['image/webp', 500, 400, webp('VP8L', [0x2f, 0xf3, 0xc1, 0x63, 0x00])],
])('%s of %i × %i is known by its bytes', (type, width, height, content) => {
  expect(pictureHeader(content)).toEqual({ type, width, height });
});

test.each([
  ['nothing', new Uint8Array(0)],
  ['a text', padded(bytes('<svg xmlns="http://www.w3.org/2000/svg">'))],
  ['a picture without a size', png(0, 10)],
  ['a very wide picture', png(16_385, 1)],
  ['a picture of very many pixels', png(16_000, 16_000)],
  ['a JPEG that ends before its size', jpeg(10, 10).subarray(0, 12)],
  ['a JPEG that begins to be drawn before its size', padded(bytes([0xff, 0xd8, 0xff, 0xda, 0, 8]))],
  ['a JPEG whose segments lead nowhere', padded(bytes([0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff]))],
  ['a WebP of an unknown kind', webp('VP9 ', [])],
  ['a cut PNG', png(10, 10).subarray(0, 20)],
])('%s is not shown', (_what, content) => expect(pictureHeader(content)).toBeNull());
