import { MAX_TIMER_SECONDS, OFFERED_TIMERS } from '@restante/client/message-timer';
import type { Strings } from '../i18n/en/index.ts';

/** The largest first. */
const UNITS = [
  ['weeks', 7 * 24 * 60 * 60],
  ['days', 24 * 60 * 60],
  ['hours', 60 * 60],
  ['minutes', 60],
  ['seconds', 1],
] as const;

export type DurationUnit = (typeof UNITS)[number][0];
/** The smallest first. */
export const DURATION_UNITS: readonly DurationUnit[] = UNITS.map(([unit]) => unit).reverse();

/** So many whole seconds in the largest unit that tells them exactly. */
export const durationText = (seconds: number, strings: Strings['timer']['durations']): string => {
  const [unit, length] = UNITS.find(([, each]) => seconds % each === 0) ?? ['seconds', 1];
  return strings[unit](seconds / length);
};

/** What a person has entered as the time of a timer, in seconds; null: it is no whole number, or shorter or longer than what is offered. */
export const timerOf = (amount: string, unit: DurationUnit): number | null => {
  const digits = amount.trim();
  const length = UNITS.find(([each]) => each === unit)?.[1] ?? 1;
  const seconds = /^\d{1,7}$/.test(digits) ? Number(digits) * length : 0;
  return seconds >= Math.min(...OFFERED_TIMERS) && seconds <= MAX_TIMER_SECONDS ? seconds : null;
};
