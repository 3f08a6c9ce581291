import { DatabaseSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import { promised } from '../promised.ts';
import type { TableName, Tables } from '../vault/tables.ts';
import type { Change, Range, Vault } from '../vault/vault.ts';

/** The smallest text after every text that starts with `prefix` (keys are ASCII). */
const AFTER_ASCII = '\u007f';

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS entries (
    tbl TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (tbl, key)
  ) WITHOUT ROWID;
`;

const SQLITE_FULL = 13;

/** An error of SQLite under the name that the interface has for it. */
const named = (error: unknown): unknown =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_FULL
    ? new DOMException(error.message, { name: 'QuotaExceededError', cause: error })
    : error;

/** A vault in one SQLite file. With `synchronous = FULL` each commit is an fsync of the write-ahead log. */
export const sqliteVault = (path: string): Vault => {
  const database = new DatabaseSync(path);
  database.exec(SCHEMA);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const end = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');
  const select = database.prepare('SELECT value FROM entries WHERE tbl = ? AND key = ?');
  const upsert = database.prepare('INSERT OR REPLACE INTO entries (tbl, key, value) VALUES (?, ?, ?)');
  const remove = database.prepare('DELETE FROM entries WHERE tbl = ? AND key = ?');
  const range =
    'SELECT key, value FROM entries WHERE tbl = ? AND key >= ? AND key > ? AND key < ? AND key < ?';
  const ascending = database.prepare(`${range} ORDER BY key LIMIT ?`);
  const descending = database.prepare(`${range} ORDER BY key DESC LIMIT ?`);

  const read = <T extends TableName>(table: T, key: string): Tables[T] | undefined => {
    const row = select.get(table, key);
    return row === undefined ? undefined : (deserialize(row['value'] as Uint8Array) as Tables[T]);
  };
  const list = <T extends TableName>(table: T, { prefix = '', after, before, limit, reverse }: Range) =>
    (reverse ? descending : ascending)
      .all(table, prefix, after ?? '', before ?? AFTER_ASCII, prefix + AFTER_ASCII, limit)
      .map((row) => ({
        key: row['key'] as string,
        value: deserialize(row['value'] as Uint8Array) as Tables[T],
      }));

  const apply = ({ table, key, value }: Change): void => {
    if (value === undefined) remove.run(table, key);
    else upsert.run(table, key, serialize(value));
  };
  const commit = (changes: readonly Change[]): void => {
    begin.run();
    try {
      changes.forEach(apply);
      end.run();
    } catch (error) {
      // A full disk has ended it already.
      if (database.isTransaction) rollback.run();
      throw named(error);
    }
  };

  return {
    get: (table, key) => promised(() => read(table, key)),
    getMany: (table, keys) => promised(() => keys.map((key) => read(table, key))),
    list: (table, bounds) => promised(() => list(table, bounds)),
    commit: (changes) => promised(() => commit(changes)),
    close: () => promised(() => database.close()),
  };
};
