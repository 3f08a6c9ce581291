import type { GivenFile } from '@restante/client';
import type { PickedFile } from './calls.ts';

/** A file as the messenger reads it: never as a whole. */
export const given = ({ content, ...file }: PickedFile): GivenFile => ({
  ...file,
  size: content.size,
  read: async (from, to) => new Uint8Array(await content.slice(from, to).arrayBuffer()),
});

/** Pieces are handed to a blob in so many bytes, which the browser keeps on its disk. */
const PORTION_BYTES = 8 * 1024 * 1024;

/** All pieces as one blob that is not in memory. */
export const gather = async (pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<Blob> => {
  const portions: Blob[] = [];
  let portion: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    portion.push(piece);
    bytes += piece.length;
    if (bytes < PORTION_BYTES) continue;
    portions.push(new Blob(portion));
    [portion, bytes] = [[], 0];
  }
  return new Blob([...portions, ...portion]);
};
