/** How long messages of a conversation stay, in whole seconds. */
export const MIN_TIMER_SECONDS = 1;
export const MAX_TIMER_SECONDS = 4 * 7 * 24 * 60 * 60;

/** What people are offered. They may choose any other time from the first to the last. */
export const OFFERED_TIMERS: readonly number[] = [
  30,
  5 * 60,
  60 * 60,
  8 * 60 * 60,
  24 * 60 * 60,
  7 * 24 * 60 * 60,
  MAX_TIMER_SECONDS,
];
