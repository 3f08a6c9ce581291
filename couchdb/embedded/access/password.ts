/** Passwords of `_users` documents, hashed as CouchDB 3.5 does. */
import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/** As in production: the passwords are machine-made, and 160 random bits need no stretching. */
const iterations = 1_000;
const maxIterations = 1_000_000;
const derivedKeyPattern = /^([0-9a-f]{2}){16,64}$/;
const digests: Partial<Record<string, string>> = {
  sha: 'sha1',
  sha224: 'sha224',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
};

export interface PasswordHash {
  password_scheme: 'pbkdf2';
  pbkdf2_prf: string;
  salt: string;
  iterations: number;
  derived_key: string;
}

export const passwordFields = [
  'password',
  'password_scheme',
  'password_sha',
  'preserve_salt',
  'pbkdf2_prf',
  'salt',
  'iterations',
  'derived_key',
];

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16).toString('hex');
  const key = await derive(password, salt, iterations, 32, 'sha256');
  return {
    password_scheme: 'pbkdf2',
    pbkdf2_prf: 'sha256',
    salt,
    iterations,
    derived_key: key.toString('hex'),
  };
}

/** Whether the password is that of a user document. One of an unknown scheme has none. */
export async function verifyPassword(password: string, document: Record<string, unknown>): Promise<boolean> {
  const { password_scheme, pbkdf2_prf = 'sha', salt, iterations: rounds, derived_key } = document;
  if (password_scheme !== 'pbkdf2' || typeof pbkdf2_prf !== 'string') return false;
  if (typeof salt !== 'string' || typeof derived_key !== 'string' || typeof rounds !== 'number') return false;
  const digest = digests[pbkdf2_prf];
  if (!derivedKeyPattern.test(derived_key)) return false;
  if (digest === undefined || !Number.isInteger(rounds) || rounds < 1 || rounds > maxIterations) return false;
  const key = await derive(password, salt, rounds, derived_key.length / 2, digest);
  return isSameText(key.toString('hex'), derived_key);
}

/** Compares without telling by its time how much is equal. */
export function isSameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
