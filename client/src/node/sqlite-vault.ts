import { MessengerError } from '../messenger-error.ts';
import {
  changePassphrase,
  openVault,
  type KeyMeans,
  type PassphraseChange,
} from '../vault/sealing/open-vault.ts';
import type { Vault } from '../vault/vault.ts';
import { deriveKey } from './derive-key.ts';
import { sqliteDisk } from './sqlite-disk.ts';

/** A process has nowhere to keep a key that is not as readable as the vault: without a passphrase rows are not sealed. */
const MEANS: KeyMeans = { deriveKey, keepsKeys: false };

/** A vault without a passphrase in one SQLite file. Throws `vault-too-new`, and `vault-locked` when it has one. */
export const sqliteVault = (path: string): Vault => {
  const disk = sqliteDisk(path);
  if (!disk.isSealed()) return disk;
  void disk.close();
  throw new MessengerError('vault-locked', 'the vault is locked by a passphrase');
};

/** A vault that has this passphrase; one that has none gets it. Throws `vault-too-new`, `wrong-passphrase`, and `vault-key-lost`. */
export const openSqliteVault = async (path: string, passphrase: string): Promise<Vault> => {
  const disk = sqliteDisk(path);
  try {
    const opened = disk.isSealed()
      ? await openVault(disk, MEANS, { passphrase })
      : await changePassphrase(disk, MEANS, { current: null, next: passphrase });
    return opened.vault;
  } catch (error) {
    await disk.close();
    throw error;
  }
};

/** Gives a vault that is closed a passphrase, another one, or none (`null`). Throws as `openSqliteVault` does, and `vault-locked`. */
export const changeSqlitePassphrase = async (path: string, change: PassphraseChange): Promise<void> => {
  const disk = sqliteDisk(path);
  try {
    await changePassphrase(disk, MEANS, change);
  } finally {
    await disk.close();
  }
};
