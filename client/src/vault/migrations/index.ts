import { MessengerError } from '../../messenger-error.ts';
import { VAULT_VERSION } from '../rows.ts';
import type { Migration } from './migration.ts';
import { toVersion3 } from './to-version-3.ts';
import { toVersion4 } from './to-version-4.ts';
import { toVersion5 } from './to-version-5.ts';
import { toVersion6 } from './to-version-6.ts';
import { toVersion7 } from './to-version-7.ts';
import { toVersion8 } from './to-version-8.ts';
import { toVersion10 } from './to-version-10.ts';
import { toVersion11 } from './to-version-11.ts';
import { toVersion12 } from './to-version-12.ts';
import { toVersion13 } from './to-version-13.ts';
import { toVersion14 } from './to-version-14.ts';
import { toVersion9 } from './to-version-9.ts';

/** In their order, to {@link VAULT_VERSION}. */
const MIGRATIONS: readonly Migration[] = [
  toVersion3,
  toVersion4,
  toVersion5,
  toVersion6,
  toVersion7,
  toVersion8,
  toVersion9,
  toVersion10,
  toVersion11,
  toVersion12,
  toVersion13,
  toVersion14,
];

/** The steps that a vault of `version` has to take. Throws `vault-too-new`. */
export const migrationsFrom = (version: number): readonly Migration[] => {
  if (version > VAULT_VERSION)
    throw new MessengerError('vault-too-new', 'the vault was written by a later version of the messenger');
  return MIGRATIONS.filter((migration) => migration.version > version);
};
