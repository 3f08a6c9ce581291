import { expect, test } from 'vitest';
import { isDirectoryDocument } from './directory-documents.ts';

test('a document of a later form is not taken for one of this', () => {
  const accountId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
  const removed = { removedAt: 1, updatedAt: 1 };
  for (const [id, document] of [
    ['username:anna', { accountId, createdAt: 1 }],
    [`account:${accountId}`, removed],
    [`device:${accountId}:1`, removed],
    [`account:${accountId}`, { username: 'anna', passwordHash: 'x', createdAt: 1, updatedAt: 1 }],
  ] as const) {
    expect(isDirectoryDocument(id, document)).toBe(true);
    expect(isDirectoryDocument(id, { ...document, v: 1, added: true })).toBe(true);
    expect(isDirectoryDocument(id, { ...document, v: 2 })).toBe(false);
  }
});
