import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * A device's long-term credential. It has 256 random bits, so a plain hash of it is as good as a slow one.
 */

/** 32 random bytes, base64url. */
export const mintDeviceSecret = (): string => randomBytes(32).toString('base64url');

/** What the directory keeps of a secret. */
export const hashDeviceSecret = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url');

/** Compares in constant time. */
export const isDeviceSecret = (secret: string, hash: string): boolean => {
  const actual = Buffer.from(hashDeviceSecret(secret));
  const expected = Buffer.from(hash);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
};
