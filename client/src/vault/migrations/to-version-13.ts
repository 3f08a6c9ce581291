import type { Migration } from './migration.ts';

/** No message had been starred. */
export const toVersion13: Migration = { version: 13, rows: {} };
