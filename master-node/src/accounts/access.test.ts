import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { accessKey, accessToken, accessTokenBytes } from '@restante/protocol';
import { createAccess } from './access.ts';

const access = createAccess('secret');
const [owner, friend, other] = [randomUUID(), randomUUID(), randomUUID()];
const tokenFor = (sender: string, key = access.keyOf(owner)): string =>
  Buffer.from(accessTokenBytes(Buffer.from(key, 'base64url'), sender)).toString('base64url');

it('a token is good for one sender and one recipient, at every master', () => {
  expect(accessKey.safeParse(access.keyOf(owner)).success).toBe(true);
  expect(accessToken.safeParse(tokenFor(friend)).success).toBe(true);
  expect(access.isLetIn(owner, friend, tokenFor(friend))).toBe(true);
  expect(createAccess('secret').isLetIn(owner, friend, tokenFor(friend))).toBe(true);
  expect(access.isLetIn(owner, other, tokenFor(friend))).toBe(false);
  expect(access.isLetIn(other, friend, tokenFor(friend))).toBe(false);
  expect(access.isLetIn(owner, friend, tokenFor(friend, access.keyOf(friend)))).toBe(false);
  expect(access.isLetIn(owner, friend, undefined)).toBe(false);
  expect(createAccess('another').isLetIn(owner, friend, tokenFor(friend))).toBe(false);
});

it('own devices need none', () => {
  expect(access.isLetIn(owner, owner, undefined)).toBe(true);
});
