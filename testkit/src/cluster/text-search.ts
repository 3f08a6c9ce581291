import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The forms in which something may lie in a file: as it is, in hex, and within base64 of either alphabet at each of the three alignments. */
const formsOf = (searched: string | Uint8Array): Buffer[] => {
  const bytes = Buffer.from(searched);
  const encoded = [0, 1, 2].flatMap((shift) =>
    (['base64', 'base64url'] as const).map((alphabet) => {
      const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString(alphabet);
      const start = Math.ceil((shift * 8) / 6);
      const end = Math.floor(((shift + bytes.length) * 8) / 6);
      return text.slice(start, end);
    }),
  );
  return [bytes, ...[...new Set([...encoded, bytes.toString('hex')])].map((text) => Buffer.from(text))];
};

const holds = async (file: string, forms: readonly Buffer[]): Promise<boolean> => {
  const overlap = Math.max(...forms.map(({ length }) => length)) - 1;
  let tail = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const window = Buffer.concat([tail, chunk as Buffer]);
    if (forms.some((form) => window.includes(form))) return true;
    tail = window.subarray(-overlap);
  }
  return false;
};

/**
 * Files below `folder` that hold one of the texts or byte strings, plain, in hex or in base64. Files that go meanwhile are passed over,
 * and those that nobody has written to since `sinceMs`.
 */
export const filesWithText = async (
  folder: string,
  texts: readonly (string | Uint8Array)[],
  sinceMs = 0,
): Promise<string[]> => {
  const forms = texts.flatMap(formsOf);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const file = join(entry.parentPath, entry.name);
    try {
      const isNew = (await stat(file)).mtimeMs >= sinceMs;
      if (isNew && (await holds(file, forms))) found.push(file);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return found;
};
