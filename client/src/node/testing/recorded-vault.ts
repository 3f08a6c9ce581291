import { copyFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { deserialize } from 'node:v8';
import { expect } from 'vitest';
import type { StoredRow } from '../../vault/migrations/migration.ts';
import { readRow, TABLES } from '../../vault/rows.ts';
import type { Vault } from '../../vault/vault.ts';

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

/** What was verified by the keys of devices is to be verified again. */
export const GONE: readonly string[] = ['verifications', 'identityChanges', 'ownDevices'];

/** A vault that was opened on the recorded one has every row of it but those, each as this version has it. */
export const expectRecordedRows = async (vault: Vault): Promise<void> => {
  const rows = recordedRows().filter(({ table }) => !GONE.includes(table));
  for (const table of TABLES) {
    const kept = await vault.list(table, { limit: 1_000 });
    expect(kept.map(({ key }) => key)).toEqual(
      rows.filter((row) => row.table === table).map(({ key }) => key),
    );
    for (const { key, value } of kept) expect([key, readRow(table, value)]).not.toEqual([key, undefined]);
  }
  const [session] = await vault.list('sessions', { limit: 1 });
  expect(readRow('sessions', session?.value)).toMatchObject({ active: true, generation: 0 });
};
