import { argon2Sync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createPasswords } from './password.ts';

const passwords = createPasswords({ memoryKib: 64, passes: 1, concurrency: 2 });

describe('passwords', () => {
  it('are right or wrong, and never the same hash twice', async () => {
    const [one, other] = await Promise.all([passwords.hash('pässword'), passwords.hash('pässword')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(other);
    expect(await passwords.verify('pässword', one)).toBe(true);
    expect(await passwords.verify('pässword '.normalize('NFD'), one)).toBe(false);
    expect(await passwords.verify('pässword'.normalize('NFD'), one)).toBe(true);
    expect(await passwords.verify('', one)).toBe(false);
  });

  it('are nobody\u2019s when there is no such user', async () => {
    expect(await passwords.verify('anything', null)).toBe(false);
  });

  it('are checked at the cost of their hash, whatever the cost of new ones', async () => {
    const salt = randomBytes(16);
    const hash = argon2Sync('argon2id', {
      message: 'old',
      nonce: salt,
      parallelism: 1,
      tagLength: 32,
      memory: 32,
      passes: 3,
    });
    const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
    expect(await passwords.verify('old', `$argon2id$v=19$m=32,t=3,p=1$${text(salt)}$${text(hash)}`)).toBe(
      true,
    );
  });

  it('refuse more than a bounded number at a time, and work on afterwards', async () => {
    const results = await Promise.allSettled(Array.from({ length: 200 }, () => passwords.hash('burst')));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(200 - 2 - 64);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'unavailable' });
    expect(await passwords.verify('burst', await passwords.hash('burst'))).toBe(true);
  });
});
