import type { Migration } from './migration.ts';

/** Nobody had been given access before. */
export const toVersion6: Migration = { version: 6, rows: {} };
