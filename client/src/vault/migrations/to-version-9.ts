import type { Migration } from './migration.ts';

/** No text had been edited before. */
export const toVersion9: Migration = { version: 9, rows: {} };
