/** Sides of what is looked at, in pixels: small codes need the larger one, photographs of screens the smaller ones. */
const SIDES_PX = [1_600, 800, 400];
/** Codes that are cut off at their edge are not found without light around them. */
const MARGIN = 0.08;

/** The text of the QR code in a picture; null: there is none, or this is no picture. */
export const readQrPicture = async (picture: Blob): Promise<string | null> => {
  const { decodeQR } = await import('qr/decode.js');
  const bitmap = await createImageBitmap(picture).catch(() => null);
  if (bitmap === null) return null;
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const look = (side: number): string | null => {
    if (context === null) return null;
    const scale = side / Math.max(bitmap.width, bitmap.height);
    const [width, height] = [Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale)];
    const margin = Math.ceil(side * MARGIN);
    canvas.width = width + 2 * margin;
    canvas.height = height + 2 * margin;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, margin, margin, width, height);
    try {
      return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      return null;
    }
  };
  for (const side of SIDES_PX) {
    const text = look(side);
    if (text !== null) return text;
  }
  return null;
};
