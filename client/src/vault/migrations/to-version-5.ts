import type { Migration } from './migration.ts';

/** Rows are what they were; where they are sealed, they say of which version they are (`sealing/`). */
export const toVersion5: Migration = { version: 5, rows: {} };
