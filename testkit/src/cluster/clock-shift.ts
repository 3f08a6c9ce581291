import { fileURLToPath } from 'node:url';

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
