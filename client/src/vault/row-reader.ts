import { MessengerError } from '../messenger-error.ts';
import { readRow } from './rows.ts';
import type { KeyOf, TableName, Tables, UnfitRow } from './tables.ts';
import type { Range, Row, Vault } from './vault.ts';

/** Reads rows that fit their tables: others are passed over, and harm no other row (law 16). */
export type RowReader = {
  readonly get: <T extends TableName>(table: T, key: KeyOf<T>) => Promise<Tables[T] | undefined>;
  /** The values of many keys, in the order of `keys`. */
  readonly getMany: <T extends TableName>(
    table: T,
    keys: readonly KeyOf<T>[],
  ) => Promise<(Tables[T] | undefined)[]>;
  readonly list: <T extends TableName>(table: T, range: Range) => Promise<Row<Tables[T]>[]>;
};

/** Without these there is no telling whose vault it is: that they cannot be read must not look as if nobody had signed in. */
const VITAL: ReadonlySet<TableName> = new Set(['self', 'identity']);

export const rowReader = (vault: Vault, onUnfit: (row: UnfitRow) => void): RowReader => {
  const read = <T extends TableName>(table: T, key: string, value: unknown): Tables[T] | undefined => {
    if (value === undefined) return undefined;
    const row = readRow(table, value);
    if (row !== undefined) return row;
    if (VITAL.has(table)) throw new MessengerError('storage-failed', `the vault's ${table} cannot be read`);
    onUnfit({ table, key, value });
    return undefined;
  };
  return {
    get: async (table, key) => read(table, key, await vault.get(table, key)),
    getMany: async (table, keys) => {
      const values = await vault.getMany(table, keys);
      return keys.map((key, index) => read(table, key, values[index]));
    },
    list: async <T extends TableName>(table: T, range: Range) => {
      const rows: Row<Tables[T]>[] = [];
      let rest = range;
      for (;;) {
        const page = await vault.list(table, rest);
        for (const { key, value } of page) {
          const row = read(table, key, value);
          if (row !== undefined) rows.push({ key, value: row });
        }
        const last = page.at(-1);
        // A page that is not full says that there is no more.
        if (last === undefined || page.length < rest.limit || rows.length === range.limit) return rows;
        const limit = range.limit - rows.length;
        rest = { ...range, limit, ...(range.reverse ? { before: last.key } : { after: last.key }) };
      }
    },
  };
};
