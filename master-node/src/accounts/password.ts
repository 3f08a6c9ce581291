import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { createSlots } from '../slots.ts';

/**
 * Passwords as Argon2id in the PHC string format (RFC 9106; OWASP's cost as the default). Each hash takes its
 * memory and a thread of libuv's pool, so only a few run at a time and a bounded number wait.
 */

export type Passwords = {
  /** @throws ServiceError `unavailable` when too many wait */
  readonly hash: (password: string) => Promise<string>;
  /**
   * Whether the password is that of the hash. Without a hash (unknown user) it does the same work and is false.
   *
   * @throws ServiceError `unavailable` when too many wait
   */
  readonly verify: (password: string, hash: string | null) => Promise<boolean>;
};

type Cost = { readonly memoryKib: number; readonly passes: number };

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const WAITING_PER_SLOT = 32;
const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const derive = promisify(argon2);

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '');

const argon2id = (password: string, salt: Uint8Array, { memoryKib, passes }: Cost): Promise<Buffer> =>
  derive('argon2id', {
    message: password.normalize('NFC'),
    nonce: salt,
    parallelism: 1,
    tagLength: HASH_BYTES,
    memory: memoryKib,
    passes,
  });

/** `concurrency`: hashes at a time; each takes `memoryKib`. */
export const createPasswords = ({
  concurrency,
  ...cost
}: Cost & { readonly concurrency: number }): Passwords => {
  const inSlot = createSlots(concurrency, concurrency * WAITING_PER_SLOT);
  const nobody = `$argon2id$v=19$m=${cost.memoryKib},t=${cost.passes},p=1$${unpadded(randomBytes(SALT_BYTES))}$${unpadded(randomBytes(HASH_BYTES))}`;
  return {
    hash: (password) =>
      inSlot(async () => {
        const salt = randomBytes(SALT_BYTES);
        const hash = await argon2id(password, salt, cost);
        return `$argon2id$v=19$m=${cost.memoryKib},t=${cost.passes},p=1$${unpadded(salt)}$${unpadded(hash)}`;
      }),
    verify: (password, stored) =>
      inSlot(async () => {
        const [, memory, passes, salt = '', hash = ''] = PHC.exec(stored ?? nobody) ?? [];
        const expected = Buffer.from(hash, 'base64');
        if (expected.length !== HASH_BYTES) throw new Error('a stored password hash cannot be read');
        const actual = await argon2id(password, Buffer.from(salt, 'base64'), {
          memoryKib: Number(memory),
          passes: Number(passes),
        });
        return timingSafeEqual(actual, expected) && stored !== null;
      }),
  };
};
