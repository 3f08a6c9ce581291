import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hashPassword, isSameText, verifyPassword } from './password.ts';

/** As Apache CouchDB 3.5.0 stored the password `pw`. */
const fromApache = {
  password_scheme: 'pbkdf2',
  pbkdf2_prf: 'sha256',
  salt: '539983a867c62590a41a5a63ba63a258',
  iterations: 600000,
  derived_key: '0aa4e38d1187954e6313086469691a06860cfccb43e1b254adccbed082870fb0',
};

describe('a password', () => {
  it('is known by its hash, and no other is', async () => {
    const hash = await hashPassword('right');
    expect(await verifyPassword('right', { ...hash })).toBe(true);
    expect(await verifyPassword('wrong', { ...hash })).toBe(false);
    expect(JSON.stringify(hash)).not.toContain('right');
  });

  it('is hashed in as many rounds as in production', async () => {
    const production = readFileSync(new URL('../../config/local.ini', import.meta.url), 'utf8');
    const { iterations } = await hashPassword('any');
    expect(/^iterations = (\d+)$/m.exec(production)?.[1]).toBe(String(iterations));
  });

  it('is hashed differently every time', async () => {
    const [first, second] = await Promise.all([hashPassword('same'), hashPassword('same')]);
    expect(first.derived_key).not.toBe(second.derived_key);
  });

  it('is known by the hash that Apache CouchDB made of it', async () => {
    expect(await verifyPassword('pw', fromApache)).toBe(true);
    expect(await verifyPassword('PW', fromApache)).toBe(false);
  });

  it.each([
    ['without a hash', {}],
    ['of another scheme', { ...fromApache, password_scheme: 'simple' }],
    ['of an unknown digest', { ...fromApache, pbkdf2_prf: 'md5' }],
    ['of more rounds than are worked through', { ...fromApache, iterations: 2_000_000_000 }],
    ['of no rounds', { ...fromApache, iterations: 0 }],
    ['of an empty hash', { ...fromApache, derived_key: '' }],
  ])('of a user %s is never right', async (_what, document) => {
    expect(await verifyPassword('pw', document)).toBe(false);
  });

  it('is compared whole', () => {
    expect(isSameText('abc', 'abc')).toBe(true);
    for (const other of ['', 'ab', 'abd', 'abcd']) expect(isSameText('abc', other)).toBe(false);
  });
});
