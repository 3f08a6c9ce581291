import { expect, it } from 'vitest';
import { timerOf } from './entered-timer.ts';

it.each([
  ['30', 'seconds', 30],
  [' 90 ', 'minutes', 5_400],
  ['2', 'days', 172_800],
  ['4', 'weeks', 2_419_200],
  ['29', 'seconds', null],
  ['5', 'weeks', null],
  ['0', 'days', null],
  ['1.5', 'hours', null],
  ['-1', 'days', null],
  ['1e3', 'minutes', null],
  ['', 'days', null],
  ['99999999999999999999', 'seconds', null],
] as const)('%j %s are %j seconds of a timer', (amount, unit, seconds) => {
  expect(timerOf(amount, unit)).toBe(seconds);
});
