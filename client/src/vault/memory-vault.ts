import { promised } from '../promised.ts';
import type { TableName } from './tables.ts';
import { inRange, type Change, type Vault } from './vault.ts';

/** Rows by table and key. None is ever changed in place. */
export type MemoryDisk = Map<TableName, Map<string, unknown>>;

/** A vault that is gone with its process: for tests and for messengers that shall leave no trace. */
export const memoryVault = (tables: MemoryDisk = new Map()): Vault => {
  const rowsOf = (table: TableName): Map<string, unknown> => {
    const rows = tables.get(table) ?? new Map<string, unknown>();
    tables.set(table, rows);
    return rows;
  };
  const read = (table: TableName, key: string): unknown => structuredClone(rowsOf(table).get(key));

  const apply = ({ table, key, value }: Change): void => {
    if (value === undefined) rowsOf(table).delete(key);
    else rowsOf(table).set(key, value);
  };

  return {
    get: (table, key) => Promise.resolve(read(table, key)),
    getMany: (table, keys) => Promise.resolve(keys.map((key) => read(table, key))),
    list: (table, range) => {
      const keys = [...rowsOf(table).keys()].filter((key) => inRange(key, range)).sort();
      if (range.reverse) keys.reverse();
      const page = keys.slice(0, range.limit);
      return Promise.resolve(
        page.flatMap((key) => {
          const value = read(table, key);
          return value === undefined ? [] : [{ key, value }];
        }),
      );
    },
    count: (table) => Promise.resolve(rowsOf(table).size),
    commit: (changes) => promised(() => structuredClone(changes).forEach(apply)),
    close: () => Promise.resolve(),
  };
};
