import { copyFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { deserialize } from 'node:v8';
import type { StoredRow } from '../../vault/migrations/migration.ts';

/**
 * A vault of version 2 as it was left on a disk: a person who has written with another, with a draft, a reaction, a verified contact and a
 * message on its way. Most of its pre-keys were taken out.
 */
const RECORDED = fileURLToPath(new URL('vault-2.sqlite', import.meta.url));

export const RECORDED_VERSION = 2;

export const copyRecordedVault = (path: string): void => copyFileSync(RECORDED, path);

export const recordedRows = (): StoredRow[] => {
  const database = new DatabaseSync(RECORDED, { readOnly: true });
  try {
    const rows = database.prepare('SELECT tbl, key, value FROM entries').all();
    return rows.map((row) => ({
      table: row['tbl'] as string,
      key: row['key'] as string,
      value: deserialize(row['value'] as Uint8Array) as unknown,
    }));
  } finally {
    database.close();
  }
};
