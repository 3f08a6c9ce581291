import { readFileSync, watchFile } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';

/** A number that stands in a file: one process tells it, another one follows it while it runs. */

const FOLLOW_MS = 50;

export const tellNumber = async (file: string, value: number): Promise<void> => {
  // Whoever reads it in the middle of the writing would take it for another one.
  await writeFile(`${file}.next`, String(value));
  await rename(`${file}.next`, file);
};

/** What stands there at any moment, a tenth of a second late at most; 0 while there is no such file. */
export const followNumber = (file: string): (() => number) => {
  let value = 0;
  const read = (): void => {
    try {
      value = Number(readFileSync(file, 'utf8'));
    } catch {
      value = 0;
    }
  };
  read();
  watchFile(file, { interval: FOLLOW_MS, persistent: false }, read);
  return () => value;
};
