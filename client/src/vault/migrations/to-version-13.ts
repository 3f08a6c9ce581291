import type { Migration } from './migration.ts';

/** Nobody had asked for a file again. */
export const toVersion13: Migration = { version: 13, rows: {} };
