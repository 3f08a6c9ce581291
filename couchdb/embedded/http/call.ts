import type { NextFunction, Request, RequestHandler, Response } from 'express';
import {
  requireDatabaseAdmin,
  requireMember,
  requireServerAdmin,
  type Security,
} from '../access/security.ts';
import type { User } from '../access/user.ts';
import type { Database } from '../storage/database.ts';
import type { Databases } from '../storage/databases.ts';

/** One request to the server. */
export interface Call {
  request: Request;
  response: Response;
  user: User;
  query: URLSearchParams;
  /** Aborts when the client is gone. */
  signal: AbortSignal;
}

/** One request to a database, by somebody who may make it. */
export interface DatabaseCall extends Call {
  database: Database;
  security: Security;
}

/** What `app.ts` puts beside a request before its route runs. */
export interface CallLocals {
  user: User;
  signal: AbortSignal;
}

export function serverRoute(handle: (call: Call) => Promise<void> | void): RequestHandler {
  return (request, response) => handle(toCall(request, response));
}

export function adminRoute(handle: (call: Call) => Promise<void> | void): RequestHandler {
  return serverRoute((call) => {
    requireServerAdmin(call.user);
    return handle(call);
  });
}

/** Who may use a route of a database. */
export type Access = 'member' | 'database admin' | 'server admin';

const gates: Record<Access, (user: User, security: Security) => void> = {
  member: requireMember,
  'database admin': requireDatabaseAdmin,
  'server admin': requireServerAdmin,
};

type DatabaseHandler = (call: DatabaseCall, next: NextFunction) => Promise<void> | void;

/** Makes routes under `/:db`, which a member may use unless more is asked for. */
export function databaseRouteOf(databases: Databases) {
  return (handle: DatabaseHandler, access: Access = 'member'): RequestHandler =>
    async (request, response, next) => {
      const call = toCall(request, response);
      const name = pathParameter(request, 'db');
      const security = databases.security(name);
      gates[access](call.user, security);
      await handle({ ...call, security, database: await databases.get(name) }, next);
    };
}

export function pathParameter(request: Request, name: string): string {
  const value: unknown = request.params[name];
  return Array.isArray(value) ? value.join('/') : String(value);
}

function toCall(request: Request, response: Response): Call {
  const { user, signal } = response.locals as CallLocals;
  const [, asked = ''] = /\?(.*)/s.exec(request.url) ?? [];
  const query = new URLSearchParams(asked);
  return { request, response, user, query, signal };
}
