import type { TableName, Tables } from './tables.ts';

/** One row of a table. Keys are ASCII text and sort by their bytes. */
export type Row<T> = { readonly key: string; readonly value: T };

/** A write of one row; `value: undefined` deletes it. */
export type Change<T extends TableName = TableName> = {
  [Name in T]: { readonly table: Name; readonly key: string; readonly value: Tables[Name] | undefined };
}[T];

/** Rows in key order. `after` and `before` are exclusive. */
export type Range = {
  readonly prefix?: string;
  readonly after?: string;
  readonly before?: string;
  readonly limit: number;
  /** Highest key first. */
  readonly reverse?: boolean;
};

/**
 * The durable store of one device. Values are structured-cloneable; whoever reads one gets its own copy.
 * A batch of changes is the unit of writing, so that IndexedDB, whose transactions cannot wait for
 * anything else, fits as well as SQLite. One that has no room throws an error with the name `QuotaExceededError`.
 */
export type Vault = {
  /** As it is stored: `readRow` tells whether it fits its table. Undefined: there is none. */
  readonly get: (table: TableName, key: string) => Promise<unknown>;
  /** The values of many keys, in the order of `keys`. */
  readonly getMany: (table: TableName, keys: readonly string[]) => Promise<unknown[]>;
  readonly list: (table: TableName, range: Range) => Promise<Row<unknown>[]>;
  /** How many rows a table has. */
  readonly count: (table: TableName) => Promise<number>;
  /** All changes or none. When it resolves they survive a power cut (law 3). */
  readonly commit: (changes: readonly Change[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Whether a key lies in a range, apart from its limit. */
export const inRange = (key: string, { prefix = '', after, before }: Range): boolean =>
  key.startsWith(prefix) && (after === undefined || key > after) && (before === undefined || key < before);
