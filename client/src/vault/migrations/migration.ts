/** A row of a vault of any version. */
export type StoredRow = { readonly table: string; readonly key: string; readonly value: unknown };

/**
 * The way to a version from the one before: what rows of its tables become, each by itself. None, one or several, in any table. What a
 * table is not named for stays as it is; so does a row that is not what the version before had there.
 */
export type Migration = {
  readonly version: number;
  readonly rows: Readonly<Record<string, (key: string, value: unknown) => readonly StoredRow[]>>;
};

/** What a row becomes on the way through `migrations`, in their order. */
export const migrateRow = (migrations: readonly Migration[], row: StoredRow): readonly StoredRow[] =>
  migrations.reduce<readonly StoredRow[]>(
    (rows, migration) =>
      rows.flatMap(({ table, key, value }) => migration.rows[table]?.(key, value) ?? [{ table, key, value }]),
    [row],
  );

/** The tables whose rows are looked at on that way. */
export const migratedTables = (migrations: readonly Migration[]): string[] => [
  ...new Set(migrations.flatMap(({ rows }) => Object.keys(rows))),
];
