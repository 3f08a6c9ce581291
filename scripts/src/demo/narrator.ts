import type { CommandContext } from '../cli/command.ts';

/** Tells the demo on the screen: sentences with the time since its start, and one bar below them on a terminal. */
export type Narrator = {
  readonly say: (sentence: string) => void;
  /** Shows how far something has come; `note` says what is going on. */
  readonly progress: (done: number, total: number, note: string) => void;
  /** Takes the bar away. */
  readonly endProgress: () => void;
};

const BAR_CHARACTERS = 30;
/** Without a terminal, one line for each tenth. */
const PLAIN_STEPS = 10;

export const createNarrator = ({ print, paint, isTerminal }: CommandContext): Narrator => {
  const startedAt = performance.now();
  let bar = '';
  let plainStep = 0;
  const clear = (): void => {
    if (bar !== '') paint('\r\u001b[K');
  };
  return {
    say: (sentence) => {
      clear();
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      print(`${seconds.padStart(6)} s  ${sentence}`);
      if (bar !== '') paint(bar);
    },
    progress: (done, total, note) => {
      if (isTerminal) {
        const filled = Math.round((BAR_CHARACTERS * done) / total);
        const painted = `          [${'#'.repeat(filled)}${'.'.repeat(BAR_CHARACTERS - filled)}] ${done} of ${total} ${note}`;
        if (painted === bar) return;
        bar = painted;
        paint(`\r\u001b[K${bar}`);
        return;
      }
      const step = Math.floor((PLAIN_STEPS * done) / total);
      if (step > plainStep) print(`          ${done} of ${total} ${note}`);
      plainStep = step;
    },
    endProgress: () => {
      clear();
      bar = '';
      plainStep = 0;
    },
  };
};
