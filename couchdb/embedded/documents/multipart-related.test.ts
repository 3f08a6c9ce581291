import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CouchError } from '../couch-error.ts';
import { readMultipartRelated } from './multipart-related.ts';

const type = 'multipart/related; boundary="cut"';

function join(document: object, parts: Buffer[]): Buffer {
  const heads = [JSON.stringify(document), ...parts];
  const chunks = heads.flatMap((part) => [
    Buffer.from('--cut\r\n\r\n'),
    Buffer.from(part),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...chunks, Buffer.from('--cut--')]);
}

describe('a document in parts', () => {
  it('is put together again, whatever its attachments hold', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (contents) => {
        const parts = contents.map((content) => Buffer.from(content));
        fc.pre(parts.every((part) => !part.includes('\r\n--cut')));
        const stubs = parts.map((_, index) => [`a${index}`, { content_type: 'x/y', follows: true }] as const);
        const document = readMultipartRelated(
          type,
          join({ n: 1, _attachments: Object.fromEntries(stubs) }, parts),
        );
        const expected = parts.map((data, index) => [`a${index}`, { content_type: 'x/y', data }] as const);
        expect(document).toEqual({ n: 1, _attachments: Object.fromEntries(expected) });
      }),
    );
  });

  it('finds its attachments by their names when they are told', () => {
    const named = (name: string) =>
      `--cut\r\nContent-Disposition: attachment; filename="${name}"\r\n\r\n${name}\r\n`;
    const head = { _attachments: { a: { follows: true }, b: { follows: true }, c: { stub: true } } };
    const body = Buffer.from(`--cut\r\n\r\n${JSON.stringify(head)}\r\n${named('b')}${named('a')}--cut--`);
    expect(readMultipartRelated(type, body)['_attachments']).toMatchObject({
      a: { data: Buffer.from('a') },
      b: { data: Buffer.from('b') },
      c: { stub: true },
    });
  });

  it('is refused when it is cut short or is no such thing', () => {
    const whole = join({ _attachments: { a: { follows: true } } }, [Buffer.from('content')]);
    for (let length = 0; length < whole.length - 2; length += 1)
      expect(() => readMultipartRelated(type, whole.subarray(0, length))).toThrow(CouchError);
    expect(() => readMultipartRelated('multipart/related', whole)).toThrow(CouchError);
    expect(() => readMultipartRelated(type, join({ _attachments: { a: { follows: true } } }, []))).toThrow(
      CouchError,
    );
  });
});
