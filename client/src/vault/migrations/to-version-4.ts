import type { Migration } from './migration.ts';

/** Nothing was owed before. */
export const toVersion4: Migration = { version: 4, rows: {} };
