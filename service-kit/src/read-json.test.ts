import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readJson } from './read-json.ts';

const inParts = (text: string): Readable =>
  Readable.from([...Buffer.from(text)].map((byte) => Buffer.from([byte])));

test('what comes in parts is read as a whole, also where a character is in two of them', async () => {
  expect(await readJson(inParts('{"name":"é\u{1F600}"}'), 100)).toEqual({ name: 'é\u{1F600}' });
});

test('more than is allowed, and what is no JSON, is an error', async () => {
  const text = JSON.stringify('x'.repeat(98));
  expect(await readJson(inParts(text), 100)).toHaveLength(98);
  await expect(readJson(inParts(text), 99)).rejects.toThrow(RangeError);
  await expect(readJson(inParts('<html>'), 99)).rejects.toThrow(SyntaxError);
});
