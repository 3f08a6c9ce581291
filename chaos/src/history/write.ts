import { appendFileSync } from 'node:fs';
import { monotonicMs } from './clock.ts';
import type { Line } from './line.ts';

/** A line without its time. */
export type Happening = Line extends infer L ? (L extends Line ? Omit<L, 'at'> : never) : never;

/** Writes lines to a file of its own. A line that has been written is there, however this process ends. */
export const historyFile = (file: string): ((happening: Happening) => void) => {
  return (happening) => {
    appendFileSync(file, `${JSON.stringify({ at: monotonicMs(), ...happening })}\n`);
  };
};
