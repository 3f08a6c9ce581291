import type { TableName } from '../tables.ts';
import type { Change, Row, Vault } from '../vault.ts';
import type { DataKey } from './data-keys.ts';
import { encodeRow, isSealed, openRow, sealRow } from './row-seal.ts';

/** What is read where a row was not sealed for its place by this vault. An array: it fits no table, and is passed over. */
const unopened = (stored: unknown): unknown => [isSealed(stored) ? stored : null];

/** A vault whose rows lie sealed on another: their tables, keys and lengths can be seen there, and nothing of what is in them. */
export const sealedVault = (disk: Vault, dataKey: DataKey, version: number): Vault => {
  /** One commit at a time, in the order in which they were asked for. */
  let turn: Promise<unknown> = Promise.resolve();

  const open = async (table: string, key: string, stored: unknown): Promise<unknown> => {
    if (stored === undefined) return undefined;
    const row = await openRow([dataKey], table, key, stored);
    return row === null ? unopened(stored) : row.value;
  };
  const seal = async (rows: readonly ReturnType<typeof encoded>[]): Promise<Change[]> =>
    Promise.all(
      rows.map(async ({ table, key, row }) => {
        const value = row === null ? undefined : await sealRow(dataKey, version, row);
        return { table, key, value } as unknown as Change;
      }),
    );

  return {
    get: async (table, key) => open(table, key, await disk.get(table, key)),
    getMany: async (table, keys) => {
      const stored = await disk.getMany(table, keys);
      return Promise.all(keys.map((key, index) => open(table, key, stored[index])));
    },
    list: async (table, range) => {
      const rows = await disk.list(table, range);
      return Promise.all(
        rows.map(async ({ key, value }): Promise<Row<unknown>> => ({
          key,
          value: await open(table, key, value),
        })),
      );
    },
    count: disk.count,
    commit: async (changes) => {
      const rows = changes.map(encoded);
      const done = turn.then(async () => disk.commit(await seal(rows)));
      turn = done.catch(() => undefined);
      await done;
    },
    close: async () => {
      await turn;
      await disk.close();
    },
  };
};

const encoded = ({
  table,
  key,
  value,
}: Change): { table: TableName; key: string; row: ReturnType<typeof encodeRow> | null } => ({
  table,
  key,
  row: value === undefined ? null : encodeRow(table, key, value),
});
