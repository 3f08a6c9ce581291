import { expect, test } from 'vitest';
import { dayName, isSameDay } from './days.ts';

const at = (day: number, hours: number, minutes = 0): number =>
  new Date(2026, 2, day, hours, minutes).getTime();

test('days change at midnight here', () => {
  expect(isSameDay(at(3, 0), at(3, 23, 59))).toBe(true);
  expect(isSameDay(at(3, 23, 59), at(4, 0))).toBe(false);
  expect(isSameDay(at(3, 12), new Date(2025, 2, 3, 12).getTime())).toBe(false);
});

test('the two last days have names, over the end of a month too', () => {
  expect(dayName(at(4, 0), at(4, 23))).toBe('today');
  expect(dayName(at(3, 0), at(4, 23))).toBe('yesterday');
  expect(dayName(at(2, 23, 59), at(4, 0))).toBe('earlier');
  expect(dayName(new Date(2026, 1, 28).getTime(), at(1, 10))).toBe('yesterday');
});
