import type { Store } from './store.ts';
import type { TableName, Tables } from './tables.ts';
import type { Range, Row } from './vault.ts';

/** The rows of a range in pages of `limit`, each read when it is asked for, after the last row of the one before. */
export async function* pagesOf<T extends TableName>(
  store: Pick<Store, 'list'>,
  table: T,
  range: Omit<Range, 'reverse'>,
): AsyncGenerator<readonly Row<Tables[T]>[]> {
  for (let { after = '' } = range; ;) {
    const rows = await store.list(table, { ...range, after });
    const last = rows.at(-1);
    if (last !== undefined) yield rows;
    if (last === undefined || rows.length < range.limit) return;
    after = last.key;
  }
}

/** All rows of a range, read in pages. */
export const rowsOf = async <T extends TableName>(
  store: Pick<Store, 'list'>,
  table: T,
  range: Omit<Range, 'reverse'>,
): Promise<Row<Tables[T]>[]> => {
  const rows: Row<Tables[T]>[] = [];
  for await (const page of pagesOf(store, table, range)) rows.push(...page);
  return rows;
};
