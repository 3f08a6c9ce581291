import type { Strings } from '../i18n/en/index.ts';

/** The largest first. */
export const UNITS = [
  ['weeks', 7 * 24 * 60 * 60],
  ['days', 24 * 60 * 60],
  ['hours', 60 * 60],
  ['minutes', 60],
  ['seconds', 1],
] as const;

/** So many whole seconds in the largest unit that tells them exactly. */
export const durationText = (seconds: number, strings: Strings['timer']['durations']): string => {
  const [unit, length] = UNITS.find(([, each]) => seconds % each === 0) ?? ['seconds', 1];
  return strings[unit](seconds / length);
};
