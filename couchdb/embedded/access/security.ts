import { badRequest, forbidden, unauthorized, type CouchError } from '../couch-error.ts';
import { isObject } from '../json-object.ts';
import { adminRole, isServerAdmin, type User } from './user.ts';

interface Group {
  names?: string[];
  roles?: string[];
}

/** A database's `_security` object. Other fields are kept and mean nothing. */
export interface Security {
  admins?: Group;
  members?: Group;
  [field: string]: unknown;
}

/** What a new database has. */
export const adminOnly: Security = { members: { roles: [adminRole] }, admins: { roles: [adminRole] } };

export function parseSecurity(value: unknown): Security {
  if (!isObject(value)) throw badRequest('Security object must be a JSON object.');
  for (const group of ['admins', 'members']) {
    const members = value[group];
    if (members === undefined) continue;
    if (!isObject(members)) throw badRequest(`${group} must be a JSON object.`);
    for (const kind of ['names', 'roles'])
      if (members[kind] !== undefined && !isStringList(members[kind]))
        throw badRequest(`${kind} must be a JSON list of strings.`);
  }
  return value;
}

export function requireServerAdmin(user: User): void {
  if (!isServerAdmin(user)) throw unauthorized('You are not a server admin.');
}

export function isDatabaseAdmin(user: User, security: Security): boolean {
  return isServerAdmin(user) || isIn(user, security.admins);
}

/** For what only a database's admins may do. */
export function requireDatabaseAdmin(user: User, security: Security): void {
  if (!isDatabaseAdmin(user, security)) throw refuse(user, 'You are not a db or server admin.');
}

export function requireMember(user: User, security: Security): void {
  if (isDatabaseAdmin(user, security) || isIn(user, security.members) || isPublic(security)) return;
  throw user.name === null
    ? unauthorized('You are not authorized to access this db.')
    : forbidden('You are not allowed to access this db.');
}

/** Who has no name is asked for it; who has one is turned away. */
function refuse(user: User, reason: string): CouchError {
  return user.name === null ? unauthorized(reason) : forbidden(reason);
}

function isPublic({ members = {} }: Security): boolean {
  return (members.names ?? []).length === 0 && (members.roles ?? []).length === 0;
}

function isIn(user: User, group: Group = {}): boolean {
  const byName = user.name !== null && (group.names ?? []).includes(user.name);
  return byName || user.roles.some((role) => (group.roles ?? []).includes(role));
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
