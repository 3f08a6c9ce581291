import { expect, it } from 'vitest';
import { contactLink, usernameOfLink } from './contact-link.ts';

const ORIGIN = 'https://chat.example';

it('names whose link it is', () => {
  expect(contactLink(ORIGIN, 'anna')).toBe('https://chat.example/#/add/anna');
  expect(usernameOfLink(ORIGIN, contactLink(ORIGIN, 'a.b-c_d'))).toBe('a.b-c_d');
});

it.each([
  'https://other.example/#/add/anna',
  'https://chat.example.evil/#/add/anna',
  'https://chat.example/#/add/',
  'https://chat.example/#/add/<b>',
  'https://chat.example/#/c/anna',
  'anna',
  '',
])('does not take "%s" for a link of this server', (link) => {
  expect(usernameOfLink(ORIGIN, link)).toBeNull();
});
