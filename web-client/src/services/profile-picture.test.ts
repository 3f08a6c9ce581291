import { expect, test } from 'vitest';
import { shownProfilePicture } from './profile-picture.ts';

const png = (width: number, height: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(33);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  return bytes;
};

test('a picture of a person is shown as what it is, if it is a small one that stands still', () => {
  expect(shownProfilePicture(png(320, 320))?.type).toBe('image/png');
  expect(shownProfilePicture(png(1_025, 1))).toBeNull();
  expect(shownProfilePicture(new TextEncoder().encode('GIF89a\x01\x00\x01\x00\x00'))).toBeNull();
  expect(shownProfilePicture(new TextEncoder().encode('<svg onload="alert(1)">'))).toBeNull();
  expect(shownProfilePicture(new TextEncoder().encode('<!doctype html><script>'))).toBeNull();
});
