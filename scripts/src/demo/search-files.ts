import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { contains, type Marker } from './marker.ts';

const CHUNK_BYTES = 4 * 1024 * 1024;

const isInFile = async (path: string, marker: Marker): Promise<boolean> => {
  const overlap = Math.max(...marker.needles.map(({ length }) => length)) - 1;
  const buffer = Buffer.alloc(CHUNK_BYTES + overlap);
  await using file = await open(path, 'r');
  let kept = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, kept, CHUNK_BYTES, null);
    if (bytesRead === 0) return false;
    const filled = kept + bytesRead;
    if (contains(buffer.subarray(0, filled), marker)) return true;
    // The end of this piece may be the beginning of a needle.
    kept = Math.min(overlap, filled);
    buffer.copyWithin(0, filled - kept, filled);
  }
};

/** Reads every byte of every file below a folder. Resolves with the files that hold the marker. */
export const searchFiles = async (dir: string, marker: Marker): Promise<string[]> => {
  const found: string[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (await isInFile(path, marker)) found.push(path);
  }
  return found;
};
