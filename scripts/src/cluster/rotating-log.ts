import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log file with a bound: at `maxBytes` it becomes `<file>.1`, whose predecessor goes, and a new one begins. */
export type RotatingLog = Disposable & {
  readonly write: (chunk: Uint8Array) => void;
};

/** Goes on at the end of the file. */
export const openRotatingLog = (file: string, maxBytes: number): RotatingLog => {
  mkdirSync(dirname(file), { recursive: true });
  let descriptor = openSync(file, 'a', 0o600);
  let size = fstatSync(descriptor).size;
  return {
    write: (chunk) => {
      if (size > 0 && size + chunk.length > maxBytes) {
        closeSync(descriptor);
        renameSync(file, `${file}.1`);
        descriptor = openSync(file, 'w', 0o600);
        size = 0;
      }
      size += writeSync(descriptor, chunk);
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
};
