import type { Migration } from './migration.ts';

/** No message had disappeared. */
export const toVersion13: Migration = { version: 13, rows: {} };
