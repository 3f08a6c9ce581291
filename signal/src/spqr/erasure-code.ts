import { concat } from '../bytes.ts';
import { addScaled, divide, multiply } from './gf65536.ts';

/**
 * The systematic Reed-Solomon code of SPQR. A block of n chunks is 16 polynomials of degree < n over GF(2^16), one
 * for each big-endian 16-bit lane, given by their values at 0 … n-1. Chunk i is their values at i: the chunks below n
 * are the block itself, those above are parity. Any n chunks give the block.
 */

export const CHUNK_BYTES = 32;
/** A chunk index is below it; an encoder begins again at 0. */
export const CHUNK_INDEXES = 0x1_0000;
const LANES = CHUNK_BYTES / 2;

export type Chunk = { readonly index: number; readonly bytes: Uint8Array };

/** A block that is being sent. */
export type Encoder = {
  readonly block: Uint8Array;
  /** Index of the next chunk. */
  readonly next: number;
};

/** A block that is being received: fewer chunks than it needs, by ascending index. */
export type Decoder = readonly Chunk[];

/** Where the values of a polynomial are known, and what interpolation needs of these points alone. */
type Points = {
  readonly x: readonly number[];
  /** For each k: Π (x_k - x_l) over all l ≠ k. */
  readonly denominators: readonly number[];
};

const pointsAt = (x: readonly number[]): Points => ({
  x,
  denominators: x.map((point) =>
    x.reduce((product, other) => (other === point ? product : multiply(product, point ^ other)), 1),
  ),
});

const blockPoints = new Map<number, Points>();
/** The points 0 … count-1. */
const pointsOfBlock = (count: number): Points => {
  const known = blockPoints.get(count);
  if (known) return known;
  const made = pointsAt(Array.from({ length: count }, (_, index) => index));
  blockPoints.set(count, made);
  return made;
};

/** The chunk at an index that is none of the points (Lagrange). `values` has the points' chunks in a row. */
const interpolate = (index: number, points: Points, values: Uint8Array): Uint8Array => {
  let numerator = 1;
  for (const point of points.x) numerator = multiply(numerator, index ^ point);
  const sum = new Uint16Array(LANES);
  let offset = 0;
  points.x.forEach((point, k) => {
    const weight = divide(divide(numerator, index ^ point), points.denominators[k] ?? 1);
    addScaled(sum, weight, values, offset);
    offset += CHUNK_BYTES;
  });
  const bytes = new Uint8Array(CHUNK_BYTES);
  sum.forEach((value, lane) => {
    bytes[2 * lane] = value >>> 8;
    bytes[2 * lane + 1] = value & 0xff;
  });
  return bytes;
};

/** A chunk of a block of whole chunks. */
const chunkOf = (block: Uint8Array, index: number): Chunk => {
  const count = block.length / CHUNK_BYTES;
  const start = index * CHUNK_BYTES;
  return {
    index,
    bytes:
      index < count
        ? block.slice(start, start + CHUNK_BYTES)
        : interpolate(index, pointsOfBlock(count), block),
  };
};

export const createEncoder = (block: Uint8Array): Encoder => ({ block, next: 0 });

export const nextChunk = ({ block, next }: Encoder): { encoder: Encoder; chunk: Chunk } => ({
  encoder: { block, next: (next + 1) % CHUNK_INDEXES },
  chunk: chunkOf(block, next),
});

/** The chunks with one more, unless its index is held already. */
export const addChunk = (held: Decoder, chunk: Chunk): Decoder => {
  const place = held.findLastIndex(({ index }) => index <= chunk.index) + 1;
  return held[place - 1]?.index === chunk.index ? held : held.toSpliced(place, 0, chunk);
};

/** The block of as many chunks as it has, by ascending index. */
const decode = (chunks: readonly Chunk[]): Uint8Array => {
  const count = chunks.length;
  const values = concat(...chunks.map(({ bytes }) => bytes));
  const x = chunks.map(({ index }) => index);
  if (x[count - 1] === count - 1) return values;
  const points = pointsAt(x);
  const block = new Uint8Array(values.length);
  let known = 0;
  for (let index = 0; index < count; index += 1) {
    const held = chunks[known]?.index === index ? chunks[known] : undefined;
    if (held) known += 1;
    block.set(held ? held.bytes : interpolate(index, points, values), index * CHUNK_BYTES);
  }
  return block;
};

/** What `receiveChunk` made of a chunk: the whole block, or null and what is held now. */
export type Received = { readonly block: Uint8Array } | { readonly block: null; readonly decoder: Decoder };

/** Takes a chunk of a block of `blockBytes`. */
export const receiveChunk = (held: Decoder, chunk: Chunk, blockBytes: number): Received => {
  const decoder = addChunk(held, chunk);
  return decoder.length * CHUNK_BYTES < blockBytes ? { block: null, decoder } : { block: decode(decoder) };
};
