import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, loadVectors, toHex } from '../testing/vectors.model.ts';
import {
  CHUNK_INDEXES,
  createEncoder,
  nextChunk,
  receiveChunk,
  type Chunk,
  type Decoder,
} from './erasure-code.ts';

type HexChunk = { index: number; data: string };
const { blocks, decode } = loadVectors('spqr-chunks') as {
  blocks: { name: string; chunksNeeded: number; message: string; chunks: HexChunk[] }[];
  decode: { name: string; chunks: HexChunk[] }[];
};

const chunkAt = (block: Uint8Array, index: number): Chunk =>
  nextChunk({ ...createEncoder(block), next: index }).chunk;

/** The block, and how many chunks it took; null when they were not enough. */
const receiveAll = (
  chunks: readonly Chunk[],
  blockBytes: number,
): { block: Uint8Array; taken: number } | null => {
  let decoder: Decoder = [];
  for (const [place, chunk] of chunks.entries()) {
    const received = receiveChunk(decoder, chunk, blockBytes);
    if (received.block) return { block: received.block, taken: place + 1 };
    decoder = received.decoder;
  }
  return null;
};

describe('the vectors', () => {
  test.each(blocks)('chunks of $name', ({ message, chunksNeeded, chunks }) => {
    expect(message.length).toBe(64 * chunksNeeded);
    for (const { index, data } of chunks) expect(toHex(chunkAt(fromHex(message), index).bytes)).toBe(data);
  });

  test.each(decode)('decoding of $name', ({ name, chunks }) => {
    const message = blocks.find((block) => block.name === name)!.message;
    const received = receiveAll(
      chunks.map(({ index, data }) => ({ index, bytes: fromHex(data) })),
      message.length / 2,
    );
    expect(received?.taken).toBe(chunks.length);
    expect(toHex(received!.block)).toBe(message);
  });
});

test('the encoder counts its chunks and begins again after 65536', () => {
  const block = fromHex(blocks[0]!.message);
  let encoder = createEncoder(block);
  for (let index = 0; index < 5; index += 1) {
    const sent = nextChunk(encoder);
    expect(sent.chunk).toEqual(chunkAt(block, index));
    encoder = sent.encoder;
  }
  const last = nextChunk({ block, next: CHUNK_INDEXES - 1 });
  expect(last.chunk.index).toBe(65_535);
  expect(nextChunk(last.encoder).chunk).toEqual(chunkAt(block, 0));
});

test('a data chunk is a copy of a part of the block', () => {
  const block = fromHex(blocks[3]!.message);
  const { bytes } = chunkAt(block, 3);
  expect(bytes).toEqual(block.slice(96, 128));
  bytes.fill(0);
  expect(toHex(block)).toBe(blocks[3]!.message);
});

test('any chunks give back the block, as soon as there are enough different ones', () => {
  const sizes = [3, 5, 30, 36];
  const index = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: CHUNK_INDEXES - 1 }));
  const cases = fc
    .constantFrom(...sizes)
    .chain((count) =>
      fc.tuple(
        fc.uint8Array({ minLength: 32 * count, maxLength: 32 * count }),
        fc.uniqueArray(index, { minLength: count, maxLength: count }),
        fc.nat({ max: count - 1 }),
      ),
    );
  fc.assert(
    fc.property(cases, ([block, indexes, repeated]) => {
      const chunks = indexes.map((each) => chunkAt(block, each));
      expect(receiveAll(chunks.slice(0, -1), block.length)).toBeNull();
      const twice = [...chunks.slice(0, -1), chunks[repeated]!, chunks.at(-1)!];
      const taken = repeated === chunks.length - 1 ? chunks.length : twice.length;
      expect(receiveAll(twice, block.length)).toEqual({ block, taken });
    }),
    { numRuns: 200 },
  );
});

test('a chunk whose index is held already changes nothing', () => {
  const block = fromHex(blocks[1]!.message);
  const received = receiveChunk([], chunkAt(block, 7), block.length);
  const { decoder } = received as { decoder: Decoder };
  const other = { index: 7, bytes: new Uint8Array(32) };
  expect(receiveChunk(decoder, other, block.length)).toEqual({ block: null, decoder });
});

test('the chunks that are held stay in order, and the given ones as they were', () => {
  const block = fromHex(blocks[2]!.message);
  const order = [9, 40, 3, 12, 0, 65_535, 11];
  let decoder: Decoder = [];
  for (const index of order) {
    const before = [...decoder];
    const received = receiveChunk(decoder, chunkAt(block, index), block.length);
    expect(decoder).toEqual(before);
    decoder = (received as { decoder: Decoder }).decoder;
  }
  expect(decoder.map(({ index }) => index)).toEqual([0, 3, 9, 11, 12, 40, 65_535]);
});
