import express, { Router } from 'express';
import { usersDatabase } from '../storage/databases.ts';
import type { Authentication } from '../access/authentication.ts';
import { badRequest, CouchError } from '../couch-error.ts';
import { isObject } from '../json-object.ts';
import { serverRoute } from './call.ts';
import { methodNotAllowed } from './errors.ts';
import { sendJson } from './send-json.ts';

/** `/_session`: log in, who am I, log out. */
export function sessionRoutes({ authentication }: { authentication: Authentication }): Router {
  const router = Router();
  router
    .route('/_session')
    .post(
      express.json(),
      express.urlencoded({ extended: false }),
      serverRoute(async ({ request, response }) => {
        const { name, password } = parseLogin(request.body);
        const user = await authentication.login(name, password);
        const cookie = await authentication.createSession(name);
        sendJson(response, 200, { ok: true, ...user }, { 'set-cookie': cookie });
      }),
    )
    .get(
      serverRoute(({ request, response, user }) =>
        sendJson(response, 200, {
          ok: true,
          userCtx: user,
          info: {
            authentication_db: usersDatabase,
            authentication_handlers: ['cookie', 'default'],
            authenticated: request.headers.authorization === undefined ? 'cookie' : 'default',
          },
        }),
      ),
    )
    .delete(
      serverRoute(({ response }) =>
        sendJson(response, 200, { ok: true }, { 'set-cookie': authentication.endSession() }),
      ),
    )
    .all(methodNotAllowed('GET,HEAD,POST,DELETE'));
  return router;
}

function parseLogin(body: unknown): { name: string; password: string } {
  if (!isObject(body))
    throw new CouchError(
      415,
      'bad_content_type',
      "Content-Type must be 'application/x-www-form-urlencoded' or 'application/json'",
    );
  const name = body['name'] ?? body['username'];
  const password = body['password'] ?? '';
  if (typeof name !== 'string' || typeof password !== 'string')
    throw badRequest('request body must contain a username');
  return { name, password };
}
