import { expect, test } from 'vitest';
import { deriveKey as inBrowsers } from '../browser/derive-key.ts';
import { deriveKey } from './derive-key.ts';

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const cost = { salt: filled(16, 2), memoryKiB: 32, passes: 3, lanes: 4 };

test.each([
  ['as it is', cost, 'a passphrase'],
  ['as it is in practice', { ...cost, memoryKiB: 1024, passes: 1 }, 'caf\u00e9'],
  ['one lane, empty', { ...cost, lanes: 1 }, ''],
])('browsers and Node make the same key: %s', async (_, given, passphrase) => {
  const bytes = new TextEncoder().encode(passphrase);
  const key = await deriveKey(bytes, given);
  expect(key).toHaveLength(32);
  expect(await inBrowsers(bytes, given)).toEqual(key);
});
