import { fileURLToPath } from 'node:url';
import { tellNumber } from './told-number.ts';

const PRELOAD = fileURLToPath(new URL('slow-down-disk.ts', import.meta.url));

/** The disk of an embedded CouchDB that can be slowed down while it runs. */
export type SlowDisk = {
  /** The environment of the process, made of what it has anyway. */
  readonly environment: (given: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /** Each write takes so many milliseconds more, one after the other; what is waiting goes on when that is made less. */
  readonly set: (writeMs: number) => Promise<void>;
};

/** `file`: for its number; nobody else's. */
export const slowDisk = (file: string): SlowDisk => ({
  environment: (given) => ({
    ...given,
    NODE_OPTIONS: `${given['NODE_OPTIONS'] ?? ''} --import ${PRELOAD}`.trim(),
    DISK_FILE: file,
  }),
  set: (writeMs) => tellNumber(file, writeMs),
});
