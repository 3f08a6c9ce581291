import type { AvailableKeys, CreatedKeys, RatchetSession } from '@restante/client';
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

/** What the device keeps between loads of the page. */
export type Kept = {
  readonly identity: CreatedKeys['identity'];
  readonly keys: AvailableKeys;
  readonly session: RatchetSession | null;
  readonly sent: number;
  readonly received: number;
};

type Schema = DBSchema & { kept: { key: keyof Kept; value: Kept[keyof Kept] } };
export type Vault = IDBPDatabase<Schema>;

export const openVault = (): Promise<Vault> =>
  openDB<Schema>('signal', 1, {
    upgrade: (database) => {
      database.createObjectStore('kept');
    },
  });

export const load = async <K extends keyof Kept>(vault: Vault, key: K): Promise<Kept[K]> => {
  const value = await vault.get('kept', key);
  if (value === undefined) throw new Error(`nothing is kept as ${key}`);
  return value as Kept[K];
};

/** All in one transaction. */
export const save = async (vault: Vault, changes: Partial<Kept>): Promise<void> => {
  const transaction = vault.transaction('kept', 'readwrite');
  const entries = Object.entries(changes) as [keyof Kept, Kept[keyof Kept]][];
  await Promise.all(entries.map(([key, value]) => transaction.store.put(value, key)));
  await transaction.done;
};
