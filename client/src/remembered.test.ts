import { expect, test } from 'vitest';
import { createRemembered } from './remembered.ts';

test('beyond the most that is remembered, what was used longest ago is forgotten', () => {
  const remembered = createRemembered<number>(2);
  remembered.set('a', 1);
  remembered.set('b', 2);
  expect(remembered.get('a')).toBe(1);
  remembered.set('c', 3);
  expect(remembered.get('b')).toBeUndefined();
  expect(remembered.get('a')).toBe(1);
  expect(remembered.get('c')).toBe(3);
});

test('what is remembered anew takes the place of what was, and may be forgotten', () => {
  const remembered = createRemembered<number>(2);
  remembered.set('a', 1);
  remembered.set('a', 2);
  remembered.set('b', 3);
  expect(remembered.get('a')).toBe(2);
  remembered.delete('a');
  expect(remembered.get('a')).toBeUndefined();
  expect(remembered.get('b')).toBe(3);
  remembered.clear();
  expect(remembered.get('b')).toBeUndefined();
});
