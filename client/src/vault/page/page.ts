import { openDB } from 'idb';
import { deleteIndexedDbVault, indexedDbVault } from '../../browser/indexed-db-vault.ts';
import type { Change, Vault } from '../vault.ts';
import { UNCLONABLE, type VaultPage } from './vault-page.ts';

const revive = (change: Change): Change =>
  (change.value as unknown) === UNCLONABLE
    ? ({ ...change, value: () => UNCLONABLE } as unknown as Change)
    : change;

const vaults: Vault[] = [];
const losses: number[] = [];

const api: VaultPage = {
  open: async (name) => {
    const index = losses.push(0) - 1;
    vaults[index] = await indexedDbVault(name, () => (losses[index] = (losses[index] ?? 0) + 1));
    return index;
  },
  call: async (index, method, args) => {
    const vault = vaults[index];
    if (vault === undefined) throw new Error('no such vault');
    if (method === 'commit') return vault.commit((args[0] as readonly Change[]).map(revive));
    return (vault[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
  },
  lost: (index) => losses[index] ?? 0,
  makeOther: async (name, version, rows) => {
    const tables = [...new Set(rows.map(({ table }) => table))];
    const database = await openDB(name, version, {
      upgrade: (opened) => tables.forEach((table) => opened.createObjectStore(table)),
    });
    for (const { table, key, value } of rows) await database.put(table, value, key);
    database.close();
  },
  remove: deleteIndexedDbVault,
  writeForEver: async (name) => {
    const { report } = globalThis as unknown as { report: (count: number) => Promise<void> };
    const vault = await indexedDbVault(name, () => undefined);
    const existing = (await vault.list('renewals', { limit: 100_000 })).length;
    for (let count = existing + 1; ; count += 1) {
      const key = String(count).padStart(8, '0');
      await vault.commit([
        { table: 'renewals', key, value: count },
        { table: 'expired', key, value: count },
      ]);
      void report(count);
    }
  },
};

Object.assign(globalThis, { vaultPage: api });
