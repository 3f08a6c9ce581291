import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contains, markerOf, newMarker } from './marker.ts';
import { searchFiles } from './search-files.ts';
import { checkSearch } from './self-check.ts';

describe('search for plaintext', () => {
  let dir: string;
  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'restante-search-'))));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('finds a marker as it is and inside base64, whatever surrounds it', () => {
    const marker = newMarker();
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, bytes, (before, after) => {
        const whole = Buffer.concat([before, Buffer.from(marker.text), after]);
        expect(contains(whole, marker)).toBe(true);
        expect(contains(Buffer.from(whole.toString('base64')), marker)).toBe(true);
        expect(contains(Buffer.from(whole.toString('base64url')), marker)).toBe(true);
      }),
    );
  });

  it('does not find another marker', () => {
    const marker = newMarker();
    const other = Buffer.from(newMarker().text);
    for (const form of [other, Buffer.from(other.toString('base64'))])
      expect(contains(form, marker)).toBe(false);
  });

  it('finds it across the border of two pieces of a large file, and names the files', async () => {
    const marker = markerOf('marker-0123456789abcdef01234567');
    const pieceBytes = 4 * 1024 * 1024;
    mkdirSync(join(dir, 'files', 'deep'), { recursive: true });
    const place = (name: string, at: number): void => {
      const content = Buffer.alloc(pieceBytes * 2 + 100, 'x');
      content.write(marker.text, at);
      writeFileSync(join(dir, 'files', name), content);
    };
    place('border', pieceBytes - 10);
    place('deep/end', pieceBytes * 2 + 100 - marker.text.length);
    place('begin', 0);
    writeFileSync(join(dir, 'files', 'clean'), Buffer.alloc(pieceBytes, 'x'));
    const found = await searchFiles(join(dir, 'files'), marker);
    expect(found.sort()).toEqual(['begin', 'border', 'deep/end'].map((name) => join(dir, 'files', name)));
  });

  it('finds what is planted in the compressed tables of the embedded engine', async () => {
    expect(await checkSearch(join(dir, 'scratch'))).toBe(true);
  });
});
