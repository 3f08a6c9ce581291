import { readFile } from 'node:fs/promises';
import type { Line } from './line.ts';

/** Empty where nobody has written anything: a device may end before it has begun. */
const textOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
};

/** All lines of some files, in the order of their time. A last line that was cut off by a death is left out. */
export const readHistory = async (files: readonly string[]): Promise<Line[]> => {
  const texts = await Promise.all(files.map(textOf));
  return texts
    .flatMap((text) => text.split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as Line)
    .sort((a, b) => a.at - b.at);
};
