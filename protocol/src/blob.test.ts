import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blobBytesFor,
  bytesOfPart,
  LIMITS,
  messageTime,
  mintBlobId,
  paddedBytes,
  parsePartId,
  partDocument,
  partDocumentId,
  partRevision,
  partsOf,
  partsRange,
  PLAIN_PART_BYTES,
  TAG_BYTES,
} from './index.ts';

const PART = LIMITS.blobPartBytes;
const id = mintBlobId(1_800_000_000_000, new Uint8Array(10).fill(7));

describe('a blob', () => {
  it('has its time in its id', () => {
    expect(messageTime(id)).toBe(1_800_000_000_000);
    expect(() => mintBlobId(0, new Uint8Array(9))).toThrow(RangeError);
  });

  it('is as long as its parts together, of which all are full but the last one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LIMITS.blobParts * PART }), (bytes) => {
        const parts = Array.from({ length: partsOf(bytes) }, (_, part) => bytesOfPart(bytes, part));
        expect(parts.reduce((sum, length) => sum + length, 0)).toBe(bytes);
        expect(parts.slice(0, -1).every((length) => length === PART)).toBe(true);
        expect(parts.at(-1)).toBeGreaterThan(0);
        expect(bytesOfPart(bytes, parts.length)).toBe(0);
      }),
    );
  });

  it('is filled up to lengths that are at most 5 % apart, of which there are few', () => {
    fc.assert(
      fc.property(fc.integer({ min: 542, max: 900 * 1024 * 1024 }), (content) => {
        const padded = paddedBytes(content);
        expect(padded).toBeGreaterThanOrEqual(content);
        expect(padded).toBeLessThanOrEqual(Math.ceil(content * 1.05));
        expect(paddedBytes(padded)).toBeLessThanOrEqual(Math.ceil(padded * 1.05));
      }),
    );
    for (const content of [0, 1, 500, 541]) expect(paddedBytes(content)).toBe(541);
    const lengths = new Set(Array.from({ length: 100_000 }, (_, index) => paddedBytes(1_000 * index)));
    expect(lengths.size).toBeLessThan(300);
  });

  it('has room in its parts for what is in it, and no part too many', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 900 * 1024 * 1024 }), (content) => {
        const bytes = blobBytesFor(content);
        const plain = bytes - TAG_BYTES * partsOf(bytes);
        expect(plain).toBe(paddedBytes(content));
        expect(partsOf(bytes)).toBe(Math.ceil(plain / PLAIN_PART_BYTES));
      }),
    );
  });
});

describe('the document of a part', () => {
  it('has an id of its blob’s range, in the order of the parts', () => {
    const ids = [0, 1, 9, 10, 1023].map((part) => partDocumentId(id, part));
    const { start, end } = partsRange(id);
    expect([start, ...ids, end].toSorted()).toEqual([start, ...ids, end]);
    expect(ids.map(parsePartId)).toEqual([0, 1, 9, 10, 1023].map((part) => ({ blob: id, part })));
    for (const bad of [id, `${id}:1`, `${id}:00001`, `${id}:1024`, `x:0001`, `${id}:0001:0001`, ''])
      expect(parsePartId(bad), bad).toBeNull();
  });

  it('has one revision, whatever is in it (law 5)', () => {
    const [one, other] = [partDocument(id, 3, 9, 'AAAA'), partDocument(id, 3, 9, 'BBBB')];
    expect(one._rev).toBe(other._rev);
    expect(one._rev).toBe(partRevision(one._id));
    expect(one._rev).toMatch(/^1-[0-9a-f]{32}$/);
    expect(partDocument(id, 4, 9, 'AAAA')._rev).not.toBe(one._rev);
  });
});
