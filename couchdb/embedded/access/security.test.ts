import { describe, expect, it } from 'vitest';
import { adminOnly, isDatabaseAdmin, parseSecurity, requireMember } from './security.ts';
import type { User } from './user.ts';

const user = (name: string | null, ...roles: string[]): User => ({ name, roles });
const security = {
  admins: { names: ['owner'], roles: ['owners'] },
  members: { names: ['member'], roles: ['readers'] },
};

describe('the security of a database', () => {
  it('lets in who it names, by name or role, and the server’s admin', () => {
    for (const member of [
      user('member'),
      user('x', 'readers'),
      user('owner'),
      user('x', 'owners'),
      user('a', '_admin'),
    ])
      expect(() => requireMember(member, security)).not.toThrow();
  });

  it('asks who has no name for it, and turns away who has another', () => {
    expect(() => requireMember(user(null), security)).toThrow(
      expect.objectContaining({ status: 401 }) as Error,
    );
    expect(() => requireMember(user('x', 'y'), security)).toThrow(
      expect.objectContaining({ status: 403 }) as Error,
    );
    expect(() => requireMember(user('x'), adminOnly)).toThrow(
      expect.objectContaining({ status: 403 }) as Error,
    );
  });

  it('knows its admins from its members', () => {
    expect(isDatabaseAdmin(user('owner'), security)).toBe(true);
    expect(isDatabaseAdmin(user('member'), security)).toBe(false);
  });

  it('is open to everybody when it names no member', () => {
    expect(() => requireMember(user('x'), { admins: { names: ['a'] } })).not.toThrow();
  });

  it.each([
    [[]],
    ['text'],
    [5],
    [{ admins: [] }],
    [{ members: { names: 'a' } }],
    [{ members: { roles: [1] } }],
  ])('is not %j', (value) => {
    expect(() => parseSecurity(value)).toThrow(expect.objectContaining({ status: 400 }) as Error);
  });
});
