/** Tells who makes a request: basic credentials or a session cookie, of the admin or of a `_users` document. */
import { createHash, createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { badRequest, unauthorized } from '../couch-error.ts';
import type { Database } from '../storage/database.ts';
import { isSameText, verifyPassword } from './password.ts';
import { adminRole, anonymous, type User } from './user.ts';

export interface AdminCredentials {
  name: string;
  password: string;
}

interface Account {
  user: User;
  /** Part of the key of a session cookie: a new password ends the old sessions. */
  salt: string;
  hasPassword: (password: string) => Promise<boolean>;
}

export const sessionSeconds = 600;
export const userIdPrefix = 'org.couchdb.user:';
const cookieName = 'AuthSession';
const maxRememberedLogins = 1000;

export interface AuthenticationDeps {
  admin: AdminCredentials;
  cookieSecret: string;
  /** Undefined when somebody has deleted it: then there is the admin only. */
  users: () => Promise<Database | undefined>;
  now: () => number;
}

export class Authentication {
  readonly #deps: AuthenticationDeps;
  /** Logins known to be right, by their digest, as of one state of `_users`: a password is derived once, not per request. */
  readonly #remembered = new LRUCache<string, User>({ max: maxRememberedLogins });
  #rememberedAsOf = '';

  constructor(deps: AuthenticationDeps) {
    this.#deps = deps;
  }

  /** The user behind the `authorization` and `cookie` headers. Wrong ones are refused, absent ones are nobody. */
  async identify(headers: {
    authorization?: string | undefined;
    cookie?: string | undefined;
  }): Promise<User> {
    const basic = parseBasic(headers.authorization);
    if (basic !== undefined) return this.login(basic.name, basic.password);
    const cookie = parseSessionCookie(headers.cookie);
    if (cookie !== undefined) return this.#resume(cookie);
    return anonymous;
  }

  async login(name: string, password: string): Promise<User> {
    const users = await this.#deps.users();
    const asOf = users?.sequence ?? '';
    if (asOf !== this.#rememberedAsOf) this.#remembered.clear();
    this.#rememberedAsOf = asOf;

    const digest = createHash('sha256').update(`${name}\0${password}`).digest('base64');
    const remembered = this.#remembered.get(digest);
    if (remembered !== undefined) return remembered;

    const account = await this.#account(name, users);
    if (account === undefined || !(await account.hasPassword(password)))
      throw unauthorized('Name or password is incorrect.');
    if (asOf === this.#rememberedAsOf) this.#remembered.set(digest, account.user);
    return account.user;
  }

  /** A `set-cookie` value that lets its bearer in as this user until it ends. */
  async createSession(name: string): Promise<string> {
    const account = await this.#account(name, await this.#deps.users());
    if (account === undefined) throw unauthorized('Name or password is incorrect.');
    const issued = Math.floor(this.#deps.now() / 1000).toString(16);
    const token = Buffer.from(`${name}:${issued}:${this.#sign(name, issued, account.salt)}`).toString(
      'base64url',
    );
    return `${cookieName}=${token}; Version=1; Path=/; HttpOnly; Max-Age=${sessionSeconds}`;
  }

  endSession(): string {
    return `${cookieName}=; Version=1; Path=/; HttpOnly; Max-Age=0`;
  }

  async #resume(token: string): Promise<User> {
    if (token === '') return anonymous;
    const text = Buffer.from(token, 'base64url').toString();
    const match = /^(.*):([0-9a-f]{1,12}):([0-9a-f]{64})$/s.exec(text);
    if (match === null) throw badRequest('Malformed AuthSession cookie. Please clear your cookies.');
    const [, name = '', issued = '', signature = ''] = match;
    const account = await this.#account(name, await this.#deps.users());
    if (account === undefined || !isSameText(signature, this.#sign(name, issued, account.salt)))
      return anonymous;
    const expiresAt = Number.parseInt(issued, 16) + sessionSeconds;
    return expiresAt * 1000 > this.#deps.now() ? account.user : anonymous;
  }

  async #account(name: string, users: Database | undefined): Promise<Account | undefined> {
    const { admin } = this.#deps;
    if (name === admin.name)
      return {
        user: { name, roles: [adminRole] },
        salt: createHash('sha256').update(admin.password).digest('hex'),
        hasPassword: (password) => Promise.resolve(isSameText(password, admin.password)),
      };
    const document = await users?.read(userIdPrefix + name);
    if (document === undefined) return undefined;
    const { salt, roles } = document;
    return {
      user: { name, roles: rolesOf(roles) },
      salt: typeof salt === 'string' ? salt : '',
      hasPassword: (password) => verifyPassword(password, document),
    };
  }

  #sign(name: string, issued: string, salt: string): string {
    return createHmac('sha256', this.#deps.cookieSecret + salt)
      .update(`${name}:${issued}`)
      .digest('hex');
  }
}

/** Roles with an underscore are CouchDB's own; nobody is made an admin by a document. */
function rolesOf(roles: unknown): string[] {
  if (!Array.isArray(roles)) return [];
  return roles.filter((role): role is string => typeof role === 'string' && !role.startsWith('_'));
}

function parseBasic(header = ''): { name: string; password: string } | undefined {
  const encoded = /^basic\s+(.*)$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  if (!/^[\w+/=-]*$/.test(encoded)) throw badRequest('Authorization header has invalid base64 value');
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

function parseSessionCookie(header = ''): string | undefined {
  for (const pair of header.split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === cookieName) return value ?? '';
  }
  return undefined;
}
