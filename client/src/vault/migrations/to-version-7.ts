import type { Migration } from './migration.ts';

/** No session named servers before. */
export const toVersion7: Migration = { version: 7, rows: {} };
