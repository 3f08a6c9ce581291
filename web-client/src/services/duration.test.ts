import { OFFERED_TIMERS } from '@restante/client/message-timer';
import { expect, it } from 'vitest';
import { timer as german } from '../i18n/de/timer.ts';
import { timer as english } from '../i18n/en/timer.ts';
import { durationText } from './duration.ts';

it('is told in the largest unit that tells it exactly', () => {
  const told = (durations: typeof english.durations): string[] =>
    [1, ...OFFERED_TIMERS, 90, 2 * 24 * 60 * 60].map((seconds) => durationText(seconds, durations));
  expect(told(english.durations)).toEqual([
    ...['1 second', '30 seconds', '5 minutes', '1 hour', '8 hours', '1 day', '1 week', '4 weeks'],
    ...['90 seconds', '2 days'],
  ]);
  // As they are after "nach".
  expect(told(german.durations)).toEqual([
    ...['1 Sekunde', '30 Sekunden', '5 Minuten', '1 Stunde', '8 Stunden', '1 Tag', '1 Woche', '4 Wochen'],
    ...['90 Sekunden', '2 Tagen'],
  ]);
});
