import type { Migration } from './migration.ts';

/** No messages had been asked for of other own devices, and no device had been linked by another one. */
export const toVersion14: Migration = { version: 14, rows: {} };
