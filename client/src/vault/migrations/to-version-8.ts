import type { Migration } from './migration.ts';

/** Nothing was noted before of what went out without a device. */
export const toVersion8: Migration = { version: 8, rows: {} };
