import type { Migration } from './migration.ts';

/** Nobody had asked for a file again, no message had disappeared, and none had been starred. */
export const toVersion13: Migration = { version: 13, rows: {} };
