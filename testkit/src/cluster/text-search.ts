import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The forms in which a text may lie in a file: as it is, and within base64 at each of the three alignments. */
const formsOf = (text: string): Buffer[] => {
  const encoded = [0, 1, 2].map((shift) => {
    const base64 = Buffer.from('\0'.repeat(shift) + text).toString('base64');
    const start = Math.ceil((shift * 8) / 6);
    const end = Math.floor(((shift + Buffer.byteLength(text)) * 8) / 6);
    return Buffer.from(base64.slice(start, end));
  });
  return [Buffer.from(text), ...encoded];
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

/** Files below `folder` that hold one of the texts, plain or in base64. Files that go meanwhile are passed over. */
export const filesWithText = async (folder: string, texts: readonly string[]): Promise<string[]> => {
  const forms = texts.flatMap(formsOf);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const file = join(entry.parentPath, entry.name);
    try {
      if (await holds(file, forms)) found.push(file);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return found;
};
