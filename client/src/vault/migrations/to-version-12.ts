import type { Migration } from './migration.ts';

/** Nobody had a profile. */
export const toVersion12: Migration = { version: 12, rows: {} };
