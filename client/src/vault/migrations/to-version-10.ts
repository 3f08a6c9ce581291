import type { Migration } from './migration.ts';

/** No message had had files before. */
export const toVersion10: Migration = { version: 10, rows: {} };
