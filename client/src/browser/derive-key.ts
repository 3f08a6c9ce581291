import { argon2idAsync } from '@noble/hashes/argon2.js';
import type { DeriveKey } from '../vault/sealing/passphrase.ts';

/** Gives way to what else the worker does. */
const TICK_MS = 20;

export const deriveKey: DeriveKey = async (passphrase, { salt, memoryKiB, passes, lanes }) =>
  new Uint8Array(
    await argon2idAsync(passphrase, salt, {
      ...{ m: memoryKiB, t: passes, p: lanes, dkLen: 32 },
      asyncTick: TICK_MS,
      maxmem: 2 ** 32 - 1,
    }),
  );
