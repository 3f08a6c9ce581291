import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mintMessageId } from '@restante/protocol';
import { decodeContent, encodeContent } from './codec.ts';
import type { Content } from './content.ts';
import { CONTENT_VERSION } from './parts.ts';
import { pad, unpad } from './padding.ts';

const id = mintMessageId(1_700_000_000_000, new Uint8Array(10));

test('padding is undone, and lengths come in steps of 160 bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => {
      const padded = pad(bytes);
      expect(padded.length % 160).toBe(0);
      expect(padded.length - bytes.length).toBeLessThanOrEqual(160);
      expect(unpad(padded)).toEqual(bytes);
    }),
  );
});

test('what was never padded is refused', () => {
  expect(unpad(new Uint8Array())).toBeNull();
  expect(unpad(new Uint8Array(160))).toBeNull();
  expect(unpad(new TextEncoder().encode('{}'))).toBeNull();
});

test('any text survives', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
      const value: Content = { v: CONTENT_VERSION, kind: 'text', id, from: 'alice', text };
      expect(decodeContent(encodeContent(value))).toEqual(value);
    }),
  );
});

test('another kind, another version, or no content at all is no content', () => {
  const encode = (value: unknown): Uint8Array => pad(new TextEncoder().encode(JSON.stringify(value)));
  expect(decodeContent(encode({ v: 1, kind: 'hologram', id }))).toBeNull();
  expect(decodeContent(encode({ v: 2, kind: 'text', id, from: 'alice', text: 'x' }))).toBeNull();
  expect(decodeContent(encode(null))).toBeNull();
  expect(decodeContent(pad(new Uint8Array([0xff, 0xfe])))).toBeNull();
  fc.assert(fc.property(fc.uint8Array(), (bytes) => decodeContent(bytes) === null));
});

test('fields of a newer minor make are ignored', () => {
  const bytes = new TextEncoder().encode(
    JSON.stringify({ v: 1, kind: 'text', id, from: 'alice', text: 'x', mood: 'good' }),
  );
  expect(decodeContent(pad(bytes))).toMatchObject({ kind: 'text', text: 'x' });
});
