import { expect, test } from 'vitest';
import { mediaType } from './media-type.ts';

/** Latin-1, filled up. */
const header = (text: string): Uint8Array => {
  const bytes = new Uint8Array(64);
  bytes.set(Array.from(text, (character) => character.charCodeAt(0)));
  return bytes;
};

test.each([
  ['\0\0\0\x18ftypisom', 'video', 'video/mp4'],
  ['\0\0\0\x18ftypM4A ', 'audio', 'audio/mp4'],
  ['\0\0\0\x18ftypqt  ', 'video', 'video/quicktime'],
  ['\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm', 'video', 'video/webm'],
  ['\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm', 'audio', 'audio/webm'],
  ['OggS\0\x02', 'audio', 'audio/ogg'],
  ['RIFF\0\0\0\0WAVEfmt ', 'audio', 'audio/wav'],
  ['fLaC', 'audio', 'audio/flac'],
  ['ID3\x04', 'audio', 'audio/mpeg'],
  ['\xFF\xFB\x90', 'audio', 'audio/mpeg'],
  ['\xFF\xF1\x50', 'audio', 'audio/aac'],
  // What it is called does not make it one.
  ['ID3\x04', 'video', 'audio/mpeg'],
] as const)('%j as %s is %s', (text, kind, type) => {
  expect(mediaType(header(text), kind)).toBe(type);
});

test.each([
  ...['<!doctype html><script>', '<svg xmlns=', '%PDF-1.7', 'MZ', '', '\xFF\xD8\xFF\xE0', '\xFF\xFE<\0h\0'],
  // A picture in the container of films, and Matroska that is no WebM.
  ...['\0\0\0\x18ftypavif', '\0\0\0\x18ftypheic', '\x1A\x45\xDF\xA3\x9F\x42\x82\x88matroska'],
  ...['RIFF\0\0\0\0WEBP', 'RIFF\0\0\0\0AVI '],
])('%j is not played', (text) => {
  expect(mediaType(header(text), 'video')).toBeNull();
  expect(mediaType(header(text), 'audio')).toBeNull();
});

test('there is nothing to be played in nothing', () => {
  expect(mediaType(new Uint8Array(0), 'video')).toBeNull();
});
