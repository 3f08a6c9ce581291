import { argon2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { DeriveKey } from '../vault/sealing/passphrase.ts';

const run = promisify(argon2);

export const deriveKey: DeriveKey = async (passphrase, { salt, memoryKiB, passes, lanes }) =>
  new Uint8Array(
    await run('argon2id', {
      ...{ message: passphrase, nonce: salt, tagLength: 32 },
      ...{ memory: memoryKiB, passes, parallelism: lanes },
    }),
  );
