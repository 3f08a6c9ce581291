import { fingerprint, type KeyOwner } from '../account/key-digits.ts';

/** 60 digits, the same on both sides for as long as neither account has another key. */
export const safetyNumber = (one: KeyOwner, other: KeyOwner): string =>
  [fingerprint(one), fingerprint(other)].sort().join('');
