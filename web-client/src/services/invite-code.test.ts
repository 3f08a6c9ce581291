import { expect, it } from 'vitest';
import { isInvite, normalizeInvite } from './invite-code.ts';

const CODE = '0123456789ABCDEFGHJKMNPQRS';

it.each([
  CODE,
  ` ${CODE.toLowerCase()}\n`,
  CODE.replace(/(.{6})/g, '$1-'),
  CODE.replace('0', 'o').replace('1', 'l'),
  `https://chat.example/#/invite/${CODE}`,
  `Come here: https://chat.example/#/invite/${CODE} – soon`,
])('takes %s', (typed) => {
  expect(normalizeInvite(typed)).toBe(CODE);
  expect(isInvite(normalizeInvite(typed))).toBe(true);
});

it.each(['', 'a code', CODE.slice(1), `${CODE}0`, `U${CODE.slice(1)}`])('takes no %j', (typed) => {
  expect(isInvite(normalizeInvite(typed))).toBe(false);
});
