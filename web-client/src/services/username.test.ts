import { username } from '@restante/protocol';
import { expect, it } from 'vitest';
import { isUsername, normalizeUsername } from './username.ts';

it.each([
  'anna',
  'a.b',
  'a-b_c.9',
  'an',
  '',
  '1anna',
  'Anna',
  'änna',
  'anna ',
  'a'.repeat(32),
  'a'.repeat(33),
])('agrees with the protocol on "%s"', (name) => {
  expect(isUsername(name)).toBe(username.safeParse(name).success);
});

it('reads what was typed as a username', () => {
  expect(normalizeUsername(' Anna ')).toBe('anna');
});
