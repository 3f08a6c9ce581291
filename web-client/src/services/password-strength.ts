import { COMMON_PASSWORDS } from './common-passwords.ts';

/** `common`: among the first that are tried. `username`: made of the username. */
export type PasswordStrength = 'short' | 'common' | 'username' | 'weak' | 'fair' | 'good' | 'strong';

export const MIN_PASSWORD_LENGTH = 8;
export const MAX_PASSWORD_LENGTH = 256;

const CLASSES: readonly (readonly [RegExp, number])[] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/\d/, 10],
  [/[^a-zA-Z0-9]/, 33],
];

const SUBSTITUTES: Readonly<Record<string, string>> = {
  ...{ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's', '!': 'i' },
};

const plain = (text: string): string =>
  text.replace(/[013457@$!]/g, (character) => SUBSTITUTES[character] ?? '');

/** Beneath the digits and signs that people put after a word. */
const isCommon = (password: string): boolean => {
  const lower = password.toLowerCase();
  const core = lower.replace(/[^a-z]+$/, '');
  return [lower, core, plain(lower), plain(core)].some((candidate) => COMMON_PASSWORDS.has(candidate));
};

/** How many characters a person has to guess: those that repeat or go on from the one before say next to nothing. */
const guessedCharacters = (password: string): number => {
  let guessed = 0;
  let previous = NaN;
  for (const character of password) {
    const code = character.codePointAt(0) ?? 0;
    guessed += Math.abs(code - previous) <= 1 ? 0.25 : 1;
    previous = code;
  }
  return guessed;
};

export type PasswordFault = 'shortPassword' | 'longPassword' | 'commonPassword';

/** Why a new password is not taken, as a key of the account's texts; null when it is. */
export const passwordFault = (password: string): PasswordFault | null => {
  if (password.length < MIN_PASSWORD_LENGTH) return 'shortPassword';
  if (password.length > MAX_PASSWORD_LENGTH) return 'longPassword';
  return isCommon(password) ? 'commonPassword' : null;
};

/**
 * A rough estimate, on the careful side: how long it is, from how many kinds of characters, and whether it is among
 * those that are tried first. It knows no words, so it cannot tell a saying from random characters.
 */
export const passwordStrength = (password: string, username = ''): PasswordStrength => {
  if (password.length < MIN_PASSWORD_LENGTH) return 'short';
  if (isCommon(password)) return 'common';
  const withoutName =
    username.length < 3 ? password : password.toLowerCase().replaceAll(username.toLowerCase(), '');
  if (withoutName.length < MIN_PASSWORD_LENGTH && withoutName.length < password.length) return 'username';
  const kinds = CLASSES.reduce((sum, [pattern, size]) => (pattern.test(password) ? sum + size : sum), 0);
  const bits = guessedCharacters(password) * Math.log2(Math.max(kinds, 2));
  if (bits < 45) return 'weak';
  if (bits < 65) return 'fair';
  return bits < 90 ? 'good' : 'strong';
};
