import { createHash } from 'node:crypto';
import { expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod/mini';
import { ROWS, VAULT_HISTORY, VAULT_VERSION, type UnreadableTables } from './rows.ts';
import { migrationsFrom } from './migrations/index.ts';

const fingerprint = (): string => {
  const shapes = Object.entries(ROWS)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => [name, z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })]);
  return createHash('sha256').update(JSON.stringify(shapes)).digest('hex').slice(0, 16);
};

test('the tables are those of the last line of the history', () => {
  const last = VAULT_HISTORY.at(-1)!;
  expect(last.version).toBe(VAULT_VERSION);
  // A table has changed? Bump VAULT_VERSION, add a line with this fingerprint to VAULT_HISTORY, and a migration.
  expect(last.fingerprint).toBe(fingerprint());
});

test('each version has a way from the one before', () => {
  const versions = VAULT_HISTORY.map(({ version }) => version);
  expect(migrationsFrom(versions[0]!).map(({ version }) => version)).toEqual(versions.slice(1));
  expect(migrationsFrom(VAULT_VERSION)).toEqual([]);
  expect(() => migrationsFrom(VAULT_VERSION + 1)).toThrow(expect.objectContaining({ code: 'vault-too-new' }));
});

test('what is written can be read: the types say of every table that its rows fit', () => {
  expectTypeOf<UnreadableTables>().toBeNever();
});
