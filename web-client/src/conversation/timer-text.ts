import type { Message } from '@restante/client';
import type { Strings } from '../i18n/en/index.ts';
import { durationText } from '../services/duration.ts';

/** What the line says that somebody has chosen after what messages disappear. */
export const timerText = (
  { direction, timer }: Pick<Message, 'direction' | 'timer'>,
  strings: Strings['timer'],
  name: string,
): string => {
  const isOwn = direction === 'out';
  if (timer === undefined) return isOwn ? strings.turnedOffOwn : strings.turnedOff(name);
  const duration = durationText(timer, strings.durations);
  return isOwn ? strings.setOwn(duration) : strings.set(name, duration);
};
