import type { Migration } from './migration.ts';

/** Nobody had asked for a file again, and no message had disappeared. */
export const toVersion13: Migration = { version: 13, rows: {} };
