import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPERATIONS } from './index.ts';

/** Kinds that no operation asks for, and why they are in the chaos all the same. */
const BY_ITSELF: Readonly<Record<string, string>> = {
  'profile-request': 'sent by a messenger that reads of a profile which has not come',
  'session-renewal': 'sent by a messenger that could not read something: after a vault was put back',
};

const KINDS = readdirSync(new URL('../../../client/src/content/kinds/', import.meta.url))
  .filter((file) => /^[a-z-]+\.ts$/.test(file))
  .map((file) => file.replace('.ts', ''));

test('every kind of content is sent by an operation, and none is named that there is not', () => {
  const named = new Set([...OPERATIONS.flatMap(({ contents }) => contents), ...Object.keys(BY_ITSELF)]);
  expect([...named].sort()).toEqual(KINDS.sort());
});
