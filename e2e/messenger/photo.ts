import type { MessengerPage } from '@restante/testkit/messenger';

/** A JPEG as a camera makes it: it says where it was taken. */
export const photo = async (
  person: Pick<MessengerPage, 'page'>,
  width: number,
  height: number,
): Promise<Buffer> => {
  const drawn = await person.page().evaluate<number[]>(`(async () => {
    const canvas = new OffscreenCanvas(${width}, ${height});
    const context = canvas.getContext('2d');
    for (let x = 0; x < ${width}; x += 40) {
      context.fillStyle = 'hsl(' + (x % 360) + ' 80% 50%)';
      context.fillRect(x, 0, 40, ${height});
    }
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    return [...new Uint8Array(await blob.arrayBuffer())];
  })()`);
  const jpeg = Buffer.from(drawn);
  const place = Buffer.from('Exif\0\0GPS 52.5200 N 13.4050 E');
  const segment = Buffer.from([0xff, 0xe1, (place.length + 2) >> 8, (place.length + 2) & 0xff]);
  return Buffer.concat([jpeg.subarray(0, 2), segment, place, jpeg.subarray(2)]);
};
