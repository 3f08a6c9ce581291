import { describe, expect, it } from 'vitest';
import { contactLink, contactOf, contactOfLink } from './contact-link.ts';

const ORIGIN = 'https://chat.example';
const anna = { is: 'name', username: 'anna' };

describe('a link', () => {
  it('names whose it is', () => {
    expect(contactLink(ORIGIN, 'anna')).toBe('https://chat.example/#/add/anna');
    const username = 'a.b-c_d';
    expect(contactOfLink(ORIGIN, contactLink(ORIGIN, username))).toEqual({ is: 'name', username });
    expect(contactOfLink('http://localhost:8080', 'http://localhost:8080/#/add/anna')).toEqual(anna);
  });

  it.each([
    ['https://other.example/#/add/anna', 'elsewhere'],
    ['https://chat.example.evil/#/add/anna', 'elsewhere'],
    ['https://evil.example/https://chat.example/#/add/anna', 'nothing'],
    ['https://chat.example/#/add/', 'nothing'],
    ['https://chat.example/#/add/<b>', 'nothing'],
    ['https://chat.example/#/add/%E0%A4%A', 'nothing'],
    ['https://chat.example/#/c/anna', 'nothing'],
    ['anna', 'nothing'],
    ['', 'nothing'],
  ])('"%s" is %s', (link, is) => {
    expect(contactOfLink(ORIGIN, link)).toEqual({ is });
  });
});

describe('what is typed or pasted', () => {
  it.each([
    'anna',
    ' Anna\n',
    '@anna',
    '@ Anna',
    '\u2066@anna\u2069',
    '\u200Banna',
    'https://chat.example/#/add/anna',
    'HTTPS://Chat.Example/#/add/anna',
    'chat.example/#/add/anna',
    'Write to me on Restante: https://chat.example/#/add/anna',
    '<https://chat.example/#/add/anna>',
    'https://chat.example/#/add/%61nna',
  ])('"%s" is anna', (typed) => {
    expect(contactOf(ORIGIN, typed)).toEqual(anna);
  });

  it.each([
    ['', 'nothing'],
    ['@', 'nothing'],
    ['an na', 'nothing'],
    ['anna@chat.example', 'nothing'],
    ['https://chat.example', 'nothing'],
    ['https://other.example/#/add/anna', 'elsewhere'],
  ])('"%s" is %s', (typed, is) => {
    expect(contactOf(ORIGIN, typed)).toEqual({ is });
  });
});
