import { DatabaseSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import { promised } from '../promised.ts';
import { migrateRow, migratedTables } from '../vault/migrations/migration.ts';
import { migrationsFrom } from '../vault/migrations/index.ts';
import { VAULT_VERSION } from '../vault/rows.ts';
import type { TableName } from '../vault/tables.ts';
import type { Beside, VaultDisk } from '../vault/sealing/vault-disk.ts';
import type { Change, Range } from '../vault/vault.ts';

/** The smallest text after every text that starts with `prefix` (keys are ASCII). */
const AFTER_ASCII = '\u007f';

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS entries (
    tbl TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (tbl, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS beside (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
`;

const SQLITE_FULL = 13;

/** An error of SQLite under the name that the interface has for it. */
const named = (error: unknown): unknown =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_FULL
    ? new DOMException(error.message, { name: 'QuotaExceededError', cause: error })
    : error;

/** Vaults were not numbered before version 3. */
const UNNUMBERED = 2;

const versionOf = (database: DatabaseSync): number => {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > 0) return version;
  const entries = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'entries'");
  return entries.get() === undefined ? VAULT_VERSION : UNNUMBERED;
};

const isSealedIn = (database: DatabaseSync): boolean =>
  database.prepare("SELECT 1 FROM beside WHERE name = 'seal'").get() !== undefined;

/**
 * Takes a vault of an earlier version to this one, as a whole or not at all; sealed rows are taken there where they are opened. Throws
 * `vault-too-new`.
 */
const open = (database: DatabaseSync): void => {
  const version = versionOf(database);
  const missing = migrationsFrom(version);
  database.exec(SCHEMA);
  const migrations = isSealedIn(database) ? [] : missing;
  const rows = database.prepare('SELECT key FROM entries WHERE tbl = ?');
  const select = database.prepare('SELECT value FROM entries WHERE tbl = ? AND key = ?');
  const remove = database.prepare('DELETE FROM entries WHERE tbl = ? AND key = ?');
  const upsert = database.prepare('INSERT OR REPLACE INTO entries (tbl, key, value) VALUES (?, ?, ?)');
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const table of migratedTables(migrations)) {
      for (const { key } of rows.all(table) as { key: string }[]) {
        const value: unknown = deserialize(select.get(table, key)?.['value'] as Uint8Array);
        remove.run(table, key);
        for (const row of migrateRow(migrations, { table, key, value }))
          upsert.run(row.table, row.key, serialize(row.value));
      }
    }
    database.exec(`PRAGMA user_version = ${VAULT_VERSION}; COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
};

export type SqliteDisk = VaultDisk & { readonly isSealed: () => boolean };

/** A vault in one SQLite file, as it lies there. With `synchronous = FULL` each commit is an fsync of the write-ahead log. */
export const sqliteDisk = (path: string): SqliteDisk => {
  const database = new DatabaseSync(path);
  try {
    open(database);
  } catch (error) {
    database.close();
    throw named(error);
  }
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

  const rowsIn = database.prepare('SELECT count(*) AS rows FROM entries WHERE tbl = ?');

  const read = (table: TableName, key: string): unknown => {
    const row = select.get(table, key);
    return row === undefined ? undefined : deserialize(row['value'] as Uint8Array);
  };
  const list = (table: TableName, { prefix = '', after, before, limit, reverse }: Range) =>
    (reverse ? descending : ascending)
      .all(table, prefix, after ?? '', before ?? AFTER_ASCII, prefix + AFTER_ASCII, limit)
      .map((row) => ({
        key: row['key'] as string,
        value: deserialize(row['value'] as Uint8Array) as unknown,
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

  const selectBeside = database.prepare('SELECT value FROM beside WHERE name = ?');
  const upsertBeside = database.prepare('INSERT OR REPLACE INTO beside (name, value) VALUES (?, ?)');
  const removeBeside = database.prepare('DELETE FROM beside WHERE name = ?');
  const readBeside = (name: Beside): unknown => {
    const row = selectBeside.get(name);
    return row === undefined ? undefined : deserialize(row['value'] as Uint8Array);
  };
  const writeBeside = (name: Beside, value: unknown): void => {
    try {
      if (value === undefined) removeBeside.run(name);
      else upsertBeside.run(name, serialize(value));
    } catch (error) {
      throw named(error);
    }
  };

  return {
    isSealed: () => isSealedIn(database),
    readBeside: (name) => promised(() => readBeside(name)),
    writeBeside: (name, value) => promised(() => writeBeside(name, value)),
    compact: () => promised(() => database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)')),
    get: (table, key) => promised(() => read(table, key)),
    getMany: (table, keys) => promised(() => keys.map((key) => read(table, key))),
    list: (table, bounds) => promised(() => list(table, bounds)),
    count: (table) => promised(() => Number(rowsIn.get(table)?.['rows'])),
    commit: (changes) => promised(() => commit(changes)),
    close: () => promised(() => database.close()),
  };
};
