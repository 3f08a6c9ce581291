import { describe, expect, it } from 'vitest';
import { passwordStrength } from './password-strength.ts';

describe('passwordStrength', () => {
  it.each([
    ['', 'short'],
    ['Xk9$mQ2', 'short'],
    ['password', 'common'],
    ['Passwort123!', 'common'],
    ['P@ssw0rd', 'common'],
    ['12345678', 'common'],
    ['Sommer2024', 'common'],
    ['aaaaaaaaaaaaaaaa', 'weak'],
    ['abcdefghijklmnop', 'weak'],
    ['kitchensink', 'fair'],
    ['Xk9$mQ2v', 'fair'],
    ['Xk9$mQ2vLp', 'good'],
    ['anker wolke besen tiger', 'strong'],
  ])('%s is %s', (password, strength) => {
    expect(passwordStrength(password)).toBe(strength);
  });

  it('does not count the username', () => {
    expect(passwordStrength('Marlene-Kurz', 'marlene-kurz')).toBe('username');
    expect(passwordStrength('marlene-kurz99', 'marlene-kurz')).toBe('username');
    expect(passwordStrength('marlene Xk9$mQ2vLp', 'marlene')).toBe('strong');
  });

  it('never falls when something is added that is not guessed', () => {
    const order = ['short', 'weak', 'fair', 'good', 'strong'];
    const ranks = Array.from('vK7#tR2!pZ9&mD4?', (_, index, all = 'vK7#tR2!pZ9&mD4?') =>
      order.indexOf(passwordStrength(all.slice(0, index + 1))),
    );
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    expect(ranks.at(-1)).toBe(4);
  });
});
