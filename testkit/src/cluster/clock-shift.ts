import { fileURLToPath } from 'node:url';
import { tellNumber } from './told-number.ts';

const PRELOAD = fileURLToPath(new URL('shift-clock.ts', import.meta.url));

/** Environment of services whose clock is off; of mailbox nodes only that of one when it is named. */
export const clockShift = (shiftMs: number, node?: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import ${PRELOAD}`,
  CLOCK_SHIFT_MS: String(shiftMs),
  ...(node !== undefined && { CLOCK_SHIFT_NODE: node }),
});

/** As `clockShift`, by so many milliseconds as stand in a file when a service starts. */
export const clockShiftOf = (file: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import ${PRELOAD}`,
  CLOCK_SHIFT_FILE: file,
});

/** A clock that can be moved while its process runs. */
export type MovableClock = {
  /** The environment of the process, made of what it has anyway. */
  readonly environment: (given: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /** From within the next tenth of a second on, over all its runs, it is off by so much. */
  readonly set: (shiftMs: number) => Promise<void>;
};

/** `file`: for its shift; nobody else's. */
export const movableClock = (file: string): MovableClock => ({
  environment: (given) => ({
    ...given,
    NODE_OPTIONS: `${given['NODE_OPTIONS'] ?? ''} --import ${PRELOAD}`.trim(),
    CLOCK_FILE: file,
  }),
  set: (shiftMs) => tellNumber(file, shiftMs),
});
