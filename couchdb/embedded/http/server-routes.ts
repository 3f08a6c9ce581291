import { Router } from 'express';
import { requireServerAdmin } from '../access/security.ts';
import { badRequest } from '../couch-error.ts';
import { newDocumentId } from '../documents/document.ts';
import type { Databases } from '../storage/databases.ts';
import { adminRoute, serverRoute } from './call.ts';
import { databaseInfo } from './database-info.ts';
import { methodNotAllowed } from './errors.ts';
import { declaredJsonBody, objectBody } from './json-body.ts';
import { booleanOf, countOf, jsonOf } from './query.ts';
import { sendJson } from './send-json.ts';

/** The protocol that is spoken: what CouchDB's clients ask the version for. */
const couchVersion = '3.5.0';
const maxUuids = 1000;
const maxDatabasesPerRequest = 100;

/** Routes of the server itself. */
export function serverRoutes({ databases }: { databases: Databases }): Router {
  const router = Router();

  router
    .route('/')
    .get(
      serverRoute(({ response }) =>
        sendJson(response, 200, {
          couchdb: 'Welcome',
          version: couchVersion,
          uuid: databases.serverUuid,
          features: [],
          vendor: { name: 'Restante embedded CouchDB' },
        }),
      ),
    )
    .all(methodNotAllowed('GET,HEAD'));

  router
    .route('/_up')
    .get(serverRoute(({ response }) => sendJson(response, 200, { status: 'ok', seeds: {} })))
    .all(methodNotAllowed('GET,HEAD'));

  router
    .route('/_uuids')
    .get(
      serverRoute(({ query, response }) => {
        const count = countOf(query, 'count', 1);
        if (count > maxUuids) throw badRequest('count parameter too large');
        sendJson(response, 200, { uuids: Array.from({ length: count }, newDocumentId) });
      }),
    )
    .all(methodNotAllowed('GET'));

  router
    .route('/_all_dbs')
    .get(adminRoute(({ query, response }) => sendJson(response, 200, selectNames(databases.names, query))))
    .all(methodNotAllowed('GET,HEAD'));

  router
    .route('/_dbs_info')
    .get(
      adminRoute(async ({ query, response }) => {
        const infos = selectNames(databases.names, query).map((name) => infoRow(databases, name));
        sendJson(response, 200, await Promise.all(infos));
      }),
    )
    .post(
      declaredJsonBody,
      serverRoute(async ({ request, response, user }) => {
        requireServerAdmin(user);
        const { keys } = objectBody(request);
        if (!Array.isArray(keys)) throw badRequest('`keys` member must exist.');
        if (keys.length > maxDatabasesPerRequest) throw badRequest('too_many_keys');
        sendJson(response, 200, await Promise.all(keys.map((name) => infoRow(databases, String(name)))));
      }),
    )
    .all(methodNotAllowed('GET,HEAD,POST'));

  return router;
}

async function infoRow(databases: Databases, name: string) {
  if (!databases.has(name)) return { key: name, error: 'not_found' };
  return { key: name, info: await databaseInfo(databases, name) };
}

function selectNames(names: string[], query: URLSearchParams): string[] {
  const startKey = jsonOf(query, 'startkey') ?? jsonOf(query, 'start_key');
  const endKey = jsonOf(query, 'endkey') ?? jsonOf(query, 'end_key');
  const skip = countOf(query, 'skip', 0);
  const ordered = booleanOf(query, 'descending') ? names.toReversed() : names;
  const [low, high] = booleanOf(query, 'descending') ? [endKey, startKey] : [startKey, endKey];
  return ordered
    .filter((name) => typeof low !== 'string' || name >= low)
    .filter((name) => typeof high !== 'string' || name <= high)
    .slice(skip, skip + countOf(query, 'limit', Infinity));
}
