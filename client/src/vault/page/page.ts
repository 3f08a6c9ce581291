import { openDB } from 'idb';
import {
  changeIndexedDbPassphrase,
  deleteIndexedDbVault,
  indexedDbVault,
} from '../../browser/indexed-db-vault.ts';
import type { StoredRow } from '../migrations/migration.ts';
import type { Change, Vault } from '../vault.ts';
import { UNCLONABLE, type VaultPage } from './vault-page.ts';

type Put = (this: IDBObjectStore, ...row: Parameters<IDBObjectStore['put']>) => IDBRequest<IDBValidKey>;

/** Offered by the test. */
declare const report: (count: number) => Promise<void>;

const revive = (change: Change): Change =>
  (change.value as unknown) === UNCLONABLE
    ? ({ ...change, value: () => UNCLONABLE } as unknown as Change)
    : change;

const vaults: Vault[] = [];
const losses: number[] = [];

const kept = async (name: string, key: string): Promise<Record<string, unknown>> => {
  const database = await openDB(name);
  const value = (await database.get('beside', key)) as Record<string, unknown>;
  database.close();
  return value;
};

const api: VaultPage = {
  open: async (name, passphrase) => {
    const index = losses.push(0) - 1;
    const onLost = (): void => void (losses[index] = (losses[index] ?? 0) + 1);
    const secret = passphrase === undefined ? null : { passphrase };
    vaults[index] = (await indexedDbVault(name, onLost, secret)).vault;
    return index;
  },
  changePassphrase: async (name, change) => {
    await (await changeIndexedDbPassphrase(name, () => undefined, change)).vault.close();
  },
  exchange: async (name, table, one, other) => {
    const database = await openDB(name);
    const [first, second] = [await database.get(table, one), await database.get(table, other)] as unknown[];
    await database.put(table, second, one);
    await database.put(table, first, other);
    database.close();
  },
  takeDeviceKey: async (name, from) => {
    const deviceKey = from === null ? null : (await kept(from, 'seal'))['deviceKey'];
    const seal = await kept(name, 'seal');
    const database = await openDB(name);
    await database.put('beside', { ...seal, deviceKey }, 'seal');
    database.close();
  },
  exportDeviceKey: async (name) => {
    const { deviceKey } = await kept(name, 'seal');
    await crypto.subtle.exportKey('raw', deviceKey as CryptoKey);
  },
  call: async (index, method, args) => {
    const vault = vaults[index];
    if (vault === undefined) throw new Error('no such vault');
    if (method === 'commit') return vault.commit((args[0] as readonly Change[]).map(revive));
    return (vault[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
  },
  readUntilLost: async (index) => {
    const vault = vaults[index];
    if (vault === undefined) throw new Error('no such vault');
    const uncaught: string[] = [];
    const note = ({ reason }: PromiseRejectionEvent): void => void uncaught.push(String(reason));
    addEventListener('unhandledrejection', note);
    while (losses[index] === 0) {
      await Promise.allSettled([
        vault.get('renewals', 'a'),
        vault.getMany('renewals', ['a', 'b']),
        vault.list('renewals', { limit: 10 }),
      ]);
    }
    // They are told in a task of their own.
    await new Promise((resolve) => setTimeout(resolve));
    removeEventListener('unhandledrejection', note);
    return uncaught;
  },
  makeOther: async (name, version, rows) => {
    const tables = [...new Set(rows.map(({ table }) => table))];
    const database = await openDB(name, version, {
      upgrade: (opened) => tables.forEach((table) => opened.createObjectStore(table)),
    });
    for (const { table, key, value } of rows) await database.put(table, value, key);
    database.close();
  },
  readAsIs: async (name) => {
    const database = await openDB(name);
    const { version } = database;
    const rows: StoredRow[] = [];
    for (const table of database.objectStoreNames) {
      const { store } = database.transaction(table);
      const [keys, values] = await Promise.all([store.getAllKeys(), store.getAll()]);
      keys.forEach((key, index) => rows.push({ table, key: key as string, value: values[index] as unknown }));
    }
    database.close();
    return { version, rows };
  },
  openHalfWay: async (name, rows, end) => {
    const put = Reflect.get(IDBObjectStore.prototype, 'put') as Put;
    let written = 0;
    IDBObjectStore.prototype.put = function (...row) {
      written += 1;
      if (written > rows && end === 'error') throw new DOMException('no room', 'QuotaExceededError');
      if (written > rows) void report(written);
      while (written > rows);
      return put.apply(this, row);
    };
    try {
      return await api.open(name);
    } finally {
      IDBObjectStore.prototype.put = put;
    }
  },
  remove: deleteIndexedDbVault,
  writeForEver: async (name) => {
    const { vault } = await indexedDbVault(name, () => undefined);
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
