import { MAX_TIMER_SECONDS, OFFERED_TIMERS } from '@restante/client/message-timer';
import { UNITS } from './duration.ts';

export type DurationUnit = (typeof UNITS)[number][0];
/** The smallest first. */
export const DURATION_UNITS: readonly DurationUnit[] = UNITS.map(([unit]) => unit).reverse();

/** What a person has entered as the time of a timer, in seconds; null: it is no whole number, or shorter or longer than what is offered. */
export const timerOf = (amount: string, unit: DurationUnit): number | null => {
  const digits = amount.trim();
  const length = UNITS.find(([each]) => each === unit)?.[1] ?? 1;
  const seconds = /^\d{1,7}$/.test(digits) ? Number(digits) * length : 0;
  return seconds >= Math.min(...OFFERED_TIMERS) && seconds <= MAX_TIMER_SECONDS ? seconds : null;
};
