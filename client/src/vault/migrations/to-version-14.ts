import type { Migration } from './migration.ts';

/** No device had been linked by another one. */
export const toVersion14: Migration = { version: 14, rows: {} };
