import { appendFileSync } from 'node:fs';
import { monotonicMs } from './clock.ts';
import type { Happening } from './line.ts';

/** Writes lines to a file of its own. A line that has been written is there, however this process ends. `at`: not now. */
export const historyFile = (file: string): ((happening: Happening, at?: number) => void) => {
  return (happening, at = monotonicMs()) => {
    appendFileSync(file, `${JSON.stringify({ at, ...happening })}\n`);
  };
};
