import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CouchError } from '../couch-error.ts';
import { formatSequence, parseSequence } from './sequence.ts';

const uuid = 'a'.repeat(32);

describe('a sequence', () => {
  it('is read as it was told', () => {
    fc.assert(
      fc.property(fc.nat(), (sequence) => parseSequence(formatSequence(sequence, uuid), uuid) === sequence),
    );
  });

  it('may come as JSON', () => {
    expect(parseSequence(JSON.stringify(formatSequence(7, uuid)), uuid)).toBe(7);
  });

  it('is the beginning when there is none, or when it is of a database that was there before', () => {
    for (const text of ['', '0', formatSequence(7, 'b'.repeat(32))])
      expect(parseSequence(text, uuid)).toBe(0);
  });

  it('is a sequence or refused', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          return Number.isSafeInteger(parseSequence(text, uuid));
        } catch (failure) {
          return failure instanceof CouchError && failure.status === 400;
        }
      }),
    );
  });
});
