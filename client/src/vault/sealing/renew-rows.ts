import { migrationsFrom } from '../migrations/index.ts';
import { migrateRow, migratedTables, type StoredRow } from '../migrations/migration.ts';
import { TABLES, VAULT_VERSION } from '../rows.ts';
import type { TableName } from '../tables.ts';
import type { Change, Row, Vault } from '../vault.ts';
import type { DataKey } from './data-keys.ts';
import { encodeRow, isSealed, openRow, sealRow, type OpenedRow } from './row-seal.ts';
import { UNSEALED, type Settled } from './seal.ts';

/** Rows that are read, and committed, at once. */
const PAGE = 500;

export type Renewal = {
  /** What rows may be sealed with until now. */
  readonly from: readonly DataKey[];
  readonly settled: Settled;
  /** Null: they shall lie as they are. */
  readonly to: DataKey | null;
};

/**
 * Takes every row to another data key, or to this version of the tables, or both. Each page is committed by itself, and each row says how far
 * it is: one that ends half-way goes on where it was. A row that cannot be opened stays as it is.
 */
export const renewRows = async (disk: Vault, { from, settled, to }: Renewal): Promise<void> => {
  const target = to?.number ?? UNSEALED;
  const tables =
    settled.dataKey === target ? migratedTables(migrationsFrom(settled.version)) : (TABLES as string[]);

  const opened = async (table: string, { key, value }: Row<unknown>): Promise<OpenedRow | null> => {
    if (isSealed(value)) return openRow(from, table, key, value);
    const isExpected = settled.dataKey === UNSEALED || target === UNSEALED;
    const version = settled.dataKey === UNSEALED ? settled.version : VAULT_VERSION;
    return isExpected ? { value, dataKey: UNSEALED, version } : null;
  };
  /** Null: one of the rows is no data, which nothing has written. */
  const stored = (
    rows: readonly StoredRow[],
  ): Promise<readonly StoredRow[]> | readonly StoredRow[] | null => {
    if (to === null) return rows;
    try {
      const encoded = rows.map(({ table, key, value }) => encodeRow(table, key, value));
      return Promise.all(
        encoded.map(async (row) => ({ ...row, value: await sealRow(to, VAULT_VERSION, row) })),
      );
    } catch {
      return null;
    }
  };
  const renewed = async (table: string, row: Row<unknown>): Promise<Change[]> => {
    const old = await opened(table, row);
    if (old === null || (old.dataKey === target && old.version === VAULT_VERSION)) return [];
    const rows = migrateRow(migrationsFrom(old.version), { table, key: row.key, value: old.value });
    const puts = await stored(rows);
    if (puts === null) return [];
    const isPut = puts.some((put) => put.table === table && put.key === row.key);
    const changes = isPut ? puts : [{ table, key: row.key, value: undefined }, ...puts];
    return changes as unknown as Change[];
  };

  for (const table of tables as TableName[]) {
    for (let after = ''; ;) {
      const rows = await disk.list(table, { after, limit: PAGE });
      const changes = (await Promise.all(rows.map((row) => renewed(table, row)))).flat();
      if (changes.length > 0) await disk.commit(changes);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      after = last.key;
    }
  }
};
