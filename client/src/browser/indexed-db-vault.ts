import { deleteDB } from 'idb';
import {
  changePassphrase,
  openVault,
  type KeyMeans,
  type OpenVault,
  type PassphraseChange,
  type VaultSecret,
} from '../vault/sealing/open-vault.ts';
import type { VaultDisk } from '../vault/sealing/vault-disk.ts';
import { indexedDbDisk } from './indexed-db-disk.ts';

/** Two thirds of the code of sealing are for passphrases: who has none does without. */
const MEANS: KeyMeans = {
  deriveKey: async (...args) => (await import('./derive-key.ts')).deriveKey(...args),
  keepsKeys: true,
};

const onDisk = async (
  name: string,
  onLost: () => void,
  open: (disk: VaultDisk) => Promise<OpenVault>,
): Promise<OpenVault> => {
  const disk = await indexedDbDisk(name, onLost);
  try {
    return await open(disk);
  } catch (error) {
    await disk.close();
    throw error;
  }
};

/**
 * A vault in an IndexedDB database, in a page or a worker: sealed, also without a passphrase, under a key that is kept beside it and cannot be
 * exported. `onLost` is called when the browser takes the database away while it is open. Throws `vault-too-new`, `vault-locked`,
 * `wrong-passphrase`, and `vault-key-lost`.
 */
export const indexedDbVault = (
  name: string,
  onLost: () => void,
  secret: VaultSecret = null,
): Promise<OpenVault> => onDisk(name, onLost, (disk) => openVault(disk, MEANS, secret));

/** Opens a vault that is closed, with another passphrase, or none, from now on. Throws as `indexedDbVault` does. */
export const changeIndexedDbPassphrase = (
  name: string,
  onLost: () => void,
  change: PassphraseChange,
): Promise<OpenVault> => onDisk(name, onLost, (disk) => changePassphrase(disk, MEANS, change));

/** Deletes the database of a vault that is closed. */
export const deleteIndexedDbVault = (name: string): Promise<void> => deleteDB(name);
