import { ERRORS } from '@restante/protocol';
import { expect, it } from 'vitest';
import { EngineError } from '../engine/engine-error.ts';
import { de } from '../i18n/de/index.ts';
import { en } from '../i18n/en/index.ts';
import { errorText, failureOf } from './error-text.ts';

it('has words for every error of the protocol, in both languages', () => {
  for (const code of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
    expect(errorText(en, { code })).toMatch(/^[A-Z].*\.$/);
    expect(errorText(de, { code })).toMatch(/^[A-ZÄÖÜ].*\.$/);
    expect(errorText(en, { code })).not.toContain(code);
  }
});

it('says when to come back', () => {
  const error = new EngineError({ code: 'rate-limited', message: 'slow down', retryAfterMs: 4_200 });
  expect(errorText(en, failureOf(error))).toBe(`${en.errors['rate-limited']} Try again in 5 s.`);
  expect(errorText(de, { code: 'rate-limited', retryAfterMs: 300_000 })).toContain('in 5 Minuten');
});

it('says what a code means in its place, and never shows what was not meant for people', () => {
  expect(errorText(en, { code: 'unauthorized' }, { unauthorized: 'Wrong password.' })).toBe(
    'Wrong password.',
  );
  expect(errorText(en, failureOf(new TypeError('x is undefined')))).toBe(en.errors.unexpected);
});
