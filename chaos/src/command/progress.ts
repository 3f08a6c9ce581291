import type { Progress } from '../run/run-plan.ts';

/** A line on the screen that says how far everything is. */
export type ProgressLine = {
  /** Now in this seed, at this point. */
  readonly show: (title: string, progress: Progress) => void;
  /** Makes room for other lines. */
  readonly clear: () => void;
};

export type Screen = {
  readonly write: (text: string) => void;
  /** Lines can be written over. */
  readonly isTerminal: boolean;
};

const BACK_AND_CLEAR = '\r\u001b[2K';
/** Where lines stay, one for so much of the steps. */
const PART = 0.25;

/** On a terminal one line that moves; elsewhere a line for each phase and each quarter of the steps. */
export const progressLine = ({ write, isTerminal }: Screen): ProgressLine => {
  let last = '';
  let isShown = false;
  return {
    show: (title, { phase, done, of }) => {
      const words = phase === 'step' ? `step ${done} of ${of}` : phase;
      if (isTerminal) {
        write(`${BACK_AND_CLEAR}${title}: ${words}`);
        isShown = true;
        return;
      }
      const milestone = `${title} ${phase} ${phase === 'step' ? Math.floor(done / of / PART) : ''}`;
      if (milestone === last) return;
      last = milestone;
      write(`${title}: ${words}\n`);
    },
    clear: () => {
      if (isShown) write(BACK_AND_CLEAR);
      isShown = false;
    },
  };
};
