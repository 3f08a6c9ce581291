import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CouchError } from '../couch-error.ts';
import { parseDocument } from './document.ts';

const small = { bodyBytes: 1000 };

describe('an incoming document', () => {
  it('is taken or refused with a reason, whatever it is', () => {
    const special = fc.constantFrom(
      '_id',
      '_rev',
      '_deleted',
      '_attachments',
      '_revisions',
      '_local_seq',
      '_odd',
    );
    const member = fc.oneof(special, fc.string());
    const value = fc.oneof(
      fc.dictionary(member, fc.jsonValue()),
      fc.record({
        _id: fc.string(),
        _revisions: fc.record({ start: fc.integer(), ids: fc.array(fc.string()) }),
      }),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(value, fc.constantFrom('edit' as const, 'replicate' as const), (incoming, mode) => {
        try {
          expect(parseDocument(incoming, { mode, ...small })).toHaveProperty('_id');
        } catch (failure) {
          expect(failure).toBeInstanceOf(CouchError);
          expect((failure as CouchError).status).toBe(400);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps its content and leaves behind what only answers carry', () => {
    const content = { a: 1, _local_seq: 3, _conflicts: ['1-a'], _revs_info: [] };
    expect(parseDocument({ _id: 'x', ...content }, { mode: 'edit', ...small })).toEqual({ _id: 'x', a: 1 });
  });

  it('has the revision that its ancestors say', () => {
    const incoming = { _id: 'x', _rev: '1-a', _revisions: { start: 2, ids: ['b', 'a'] } };
    expect(parseDocument(incoming, { mode: 'replicate', ...small })).toMatchObject({ _rev: '2-b' });
  });

  it('is not nested so deeply that reading it again would fail', () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 10_000; depth += 1) nested = [nested];
    expect(() => parseDocument({ nested }, { mode: 'edit', ...small })).toThrow('too deeply');
  });
});
