import { Router } from 'express';
import { parseSecurity } from '../access/security.ts';
import { badRequest, forbidden, notImplemented } from '../couch-error.ts';
import { parseDocument } from '../documents/document.ts';
import { writeDocument } from '../documents/write-documents.ts';
import { replicatorDatabase, usersDatabase, type Databases } from '../storage/databases.ts';
import { adminRoute, databaseRouteOf, pathParameter } from './call.ts';
import { databaseInfo } from './database-info.ts';
import { methodNotAllowed } from './errors.ts';
import { locationOf } from './location.ts';
import { bodyBytes, declaredJsonBody, jsonBody } from './json-body.ts';
import { sendJson } from './send-json.ts';

/** Their documents hold credentials: they stay the admin's. */
const fixedSecurity: Partial<Record<string, string>> = {
  [usersDatabase]: 'user',
  [replicatorDatabase]: 'replicator',
};

/** A database as a whole: its life, its description, who may use it. */
export function databaseRoutes({ databases }: { databases: Databases }): Router {
  const router = Router();
  const route = databaseRouteOf(databases);

  router
    .route('/:db')
    .put(
      adminRoute(async ({ request, response }) => {
        const name = pathParameter(request, 'db');
        await databases.create(name);
        sendJson(response, 201, { ok: true }, { location: locationOf(request.headers.host, name) });
      }),
    )
    .delete(
      adminRoute(async ({ request, response, query }) => {
        if (query.has('rev'))
          throw badRequest(
            'You tried to DELETE a database with a ?=rev parameter. Did you mean to DELETE a document instead?',
          );
        await databases.delete(pathParameter(request, 'db'));
        sendJson(response, 200, { ok: true });
      }),
    )
    .get(
      route(async ({ database, response }) =>
        sendJson(response, 200, await databaseInfo(databases, database.name)),
      ),
    )
    .post(
      declaredJsonBody,
      route(async (call) => {
        const { database, request, response } = call;
        const document = parseDocument(request.body, { mode: 'edit', bodyBytes: bodyBytes(request) });
        const rev = await writeDocument(database, document, 'edit', call);
        sendJson(
          response,
          201,
          { ok: true, id: document._id, rev },
          { location: locationOf(request.headers.host, database.name, document._id) },
        );
      }),
    )
    .all(methodNotAllowed('DELETE,GET,HEAD,POST'));

  router
    .route('/:db/_security')
    .get(route(({ security, response }) => sendJson(response, 200, security)))
    .put(
      jsonBody,
      route(async ({ database, request, response }) => {
        const fixed = fixedSecurity[database.name];
        if (fixed !== undefined)
          throw forbidden(`You can't edit the security object of the ${fixed} database.`);
        await databases.setSecurity(database.name, parseSecurity(request.body));
        sendJson(response, 200, { ok: true });
      }, 'database admin'),
    )
    .all(methodNotAllowed('PUT,GET'));

  router
    .route('/:db/_ensure_full_commit')
    .post(
      declaredJsonBody,
      route(({ database, response }) =>
        sendJson(response, 201, {
          ok: true,
          instance_start_time: String(databases.createdAtSeconds(database.name)),
        }),
      ),
    )
    .all(methodNotAllowed('POST'));

  router
    .route('/:db/_compact')
    .post(
      declaredJsonBody,
      route(({ database, response }) => {
        database.compact().catch(() => undefined); // the database was deleted meanwhile
        sendJson(response, 202, { ok: true });
      }, 'database admin'),
    )
    .all(methodNotAllowed('POST'));

  router
    .route('/:db/_revs_limit')
    .get(route(({ database, response }) => sendJson(response, 200, databases.revisionsLimit(database.name))))
    .put(
      jsonBody,
      route(async ({ database, request, response }) => {
        const limit: unknown = request.body;
        if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1)
          throw badRequest('`rev_limit` must be a positive integer');
        await databases.setRevisionsLimit(database.name, limit);
        sendJson(response, 200, { ok: true });
      }, 'database admin'),
    )
    .all(methodNotAllowed('PUT,GET'));

  router
    .route('/:db/_purge')
    .post(
      route(() => {
        throw notImplemented('Documents cannot be purged here.');
      }, 'server admin'),
    )
    .all(methodNotAllowed('POST'));

  return router;
}
