import { openDB, type IDBPDatabase, type IDBPTransaction } from 'idb';
import { migrationsFrom } from '../vault/migrations/index.ts';
import { migrateRow, migratedTables } from '../vault/migrations/migration.ts';
import { TABLES, VAULT_VERSION } from '../vault/rows.ts';
import type { TableName } from '../vault/tables.ts';
import type { VaultDisk } from '../vault/sealing/vault-disk.ts';
import type { Range, Row } from '../vault/vault.ts';

/** Sorts after every key (keys are ASCII). */
const AFTER_ASCII = '\u007f';

const boundsOf = ({ prefix = '', after = '', before = AFTER_ASCII }: Range): IDBKeyRange | null => {
  const [lower, lowerOpen] = after >= prefix ? [after, true] : [prefix, false];
  const end = prefix + AFTER_ASCII;
  const upper = before < end ? before : end;
  // An empty key is no row's: an open bound there leaves nothing out.
  return lower < upper ? IDBKeyRange.bound(lower, upper, lowerOpen, true) : null;
};

/** A store of a browser that reads many rows at once in either direction: twice as fast as a cursor for 250 rows. */
type StoreWithRecords = {
  readonly getAllRecords: (options: {
    readonly query: IDBKeyRange;
    readonly count: number;
    readonly direction: IDBCursorDirection;
  }) => Promise<readonly { readonly key: string; readonly value: unknown }[]>;
};

const hasRecords = (store: object): store is StoreWithRecords => 'getAllRecords' in store;

/** The store of what is kept beside the tables. */
const BESIDE = 'beside';

type Upgrade = IDBPTransaction<unknown, string[], 'versionchange'>;

/** Waits for nothing but the database: its transaction would end. Sealed rows are taken to this version where they are opened. */
const migrate = async (transaction: Upgrade, version: number): Promise<void> => {
  if ((await transaction.objectStore(BESIDE).get('seal')) !== undefined) return;
  const migrations = migrationsFrom(version);
  for (const table of migratedTables(migrations)) {
    if (!transaction.objectStoreNames.contains(table)) continue;
    for (const key of (await transaction.objectStore(table).getAllKeys()) as string[]) {
      const store = transaction.objectStore(table);
      const value: unknown = await store.get(key);
      await store.delete(key);
      for (const row of migrateRow(migrations, { table, key, value }))
        await transaction.objectStore(row.table).put(row.value, row.key);
    }
  }
};

/** Opens the database in this version: one of an earlier version is taken to it as a whole or not at all. */
const openTables = async (name: string, onLost: () => void): Promise<IDBPDatabase> => {
  let failure: unknown = null;
  try {
    return await openDB(name, VAULT_VERSION, {
      upgrade: (opened, version, _to, transaction) => {
        for (const table of [...TABLES, BESIDE])
          if (!opened.objectStoreNames.contains(table)) opened.createObjectStore(table);
        transaction.done.catch(() => undefined);
        migrate(transaction, version).catch((error: unknown) => {
          failure = error;
          transaction.abort();
        });
      },
      blocking: onLost,
      terminated: onLost,
    });
  } catch (error) {
    // Of a database of a later version the browser says no more than that.
    if (error instanceof DOMException && error.name === 'VersionError') migrationsFrom(Infinity);
    throw failure ?? error;
  }
};

/**
 * A vault in an IndexedDB database, in a page or a worker, as it lies there. A commit is one transaction with `strict` durability.
 * `onLost` is called when the browser takes the database away while it is open. Throws `vault-too-new`.
 */
export const indexedDbDisk = async (name: string, onLost: () => void): Promise<VaultDisk> => {
  const database = await openTables(name, onLost);

  /** Its requests tell what fails. */
  const read = (table: TableName | typeof BESIDE) => {
    const transaction = database.transaction(table);
    transaction.done.catch(() => undefined);
    return transaction.store;
  };

  const list = async (
    table: TableName,
    query: IDBKeyRange,
    { limit, reverse = false }: Range,
  ): Promise<Row<unknown>[]> => {
    const store = read(table);
    const direction = reverse ? 'prev' : 'next';
    if (hasRecords(store)) {
      const records = await store.getAllRecords({ query, count: limit, direction });
      return records.map(({ key, value }) => ({ key, value }));
    }
    const rows: Row<unknown>[] = [];
    let cursor = await store.openCursor(query, direction);
    while (cursor !== null) {
      rows.push({ key: cursor.key as string, value: cursor.value as unknown });
      cursor = rows.length < limit ? await cursor.continue() : null;
    }
    return rows;
  };

  return {
    get: async (table, key) => read(table).get(key) as Promise<unknown>,
    getMany: async (table, keys) => {
      const store = read(table);
      return Promise.all(keys.map((key) => store.get(key) as Promise<unknown>));
    },
    list: async (table, range) => {
      const bounds = boundsOf(range);
      if (bounds === null || range.limit === 0) return [];
      return list(table, bounds, range);
    },
    count: async (table) => read(table).count(),
    commit: async (changes) => {
      const tables = [...new Set(changes.map(({ table }) => table))];
      if (tables.length === 0) return;
      const transaction = database.transaction(tables, 'readwrite', { durability: 'strict' });
      const done = transaction.done;
      try {
        for (const { table, key, value } of changes) {
          const store = transaction.objectStore(table);
          const written = value === undefined ? store.delete(key) : store.put(value, key);
          // A request that fails ends the transaction, which tells it.
          written.catch(() => undefined);
        }
      } catch (error) {
        // A value that cannot be cloned throws at once; what was put before it must not be kept.
        done.catch(() => undefined);
        transaction.abort();
        throw error;
      }
      await done;
    },
    readBeside: async (kept) => read(BESIDE).get(kept) as Promise<unknown>,
    writeBeside: async (kept, value) => {
      const transaction = database.transaction(BESIDE, 'readwrite', { durability: 'strict' });
      const { store } = transaction;
      await Promise.all([
        value === undefined ? store.delete(kept) : store.put(value, kept),
        transaction.done,
      ]);
    },
    // What was overwritten goes when the browser writes its files anew, which nobody can ask it to do.
    compact: () => Promise.resolve(),
    close: () => {
      database.close();
      return Promise.resolve();
    },
  };
};
