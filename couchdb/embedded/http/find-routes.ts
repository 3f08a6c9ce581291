import { Router } from 'express';
import { requireDatabaseAdmin } from '../access/security.ts';
import { notFound } from '../couch-error.ts';
import { writeDocument } from '../documents/write-documents.ts';
import { find } from '../mango/find.ts';
import { listIndexes, parseIndex, withIndex, withoutIndex } from '../mango/index-definition.ts';
import type { Databases } from '../storage/databases.ts';
import { databaseRouteOf, pathParameter, type DatabaseCall } from './call.ts';
import { methodNotAllowed } from './errors.ts';
import { declaredJsonBody, objectBody } from './json-body.ts';
import { sendJson } from './send-json.ts';

const primaryIndex = { ddoc: null, name: '_all_docs', type: 'special', def: { fields: [{ _id: 'asc' }] } };

/** Mango queries and indexes. */
export function findRoutes({ databases }: { databases: Databases }): Router {
  const router = Router();
  const route = databaseRouteOf(databases);
  router
    .route('/:db/_find')
    .post(
      declaredJsonBody,
      route(async ({ database, request, response }) =>
        sendJson(response, 200, await find(database, objectBody(request))),
      ),
    )
    .all(methodNotAllowed('POST'));
  router
    .route('/:db/_index')
    .get(route(getIndexes))
    .post(declaredJsonBody, route(createIndex))
    .all(methodNotAllowed('GET,POST'));
  router
    .route(['/:db/_index/:ddoc/json/:name', '/:db/_index/_design/:ddoc/json/:name'])
    .delete(route(deleteIndex))
    .all(methodNotAllowed('DELETE'));
  return router;
}

async function getIndexes({ database, response }: DatabaseCall): Promise<void> {
  const indexes = (await listIndexes(database)).map(({ ddoc, name, fields }) => ({
    ddoc,
    name,
    type: 'json',
    partitioned: false,
    def: { fields },
  }));
  sendJson(response, 200, { total_rows: indexes.length + 1, indexes: [primaryIndex, ...indexes] });
}

async function createIndex(call: DatabaseCall): Promise<void> {
  const { database, request, response, user, security } = call;
  requireDatabaseAdmin(user, security);
  const index = parseIndex(objectBody(request));
  const { ddoc, name } = index;
  const existing = (await listIndexes(database)).some((other) => other.ddoc === ddoc && other.name === name);
  if (!existing) await writeDocument(database, withIndex(await database.read(ddoc), index), 'edit', call);
  sendJson(response, 200, { result: existing ? 'exists' : 'created', id: ddoc, name });
}

async function deleteIndex(call: DatabaseCall): Promise<void> {
  const { database, request, response } = call;
  const ddoc = `_design/${pathParameter(request, 'ddoc').replace(/^_design\//, '')}`;
  const name = pathParameter(request, 'name');
  const document = await database.read(ddoc);
  const existing = (await listIndexes(database)).some((index) => index.ddoc === ddoc && index.name === name);
  if (document === undefined || !existing) throw notFound('missing');
  await writeDocument(database, withoutIndex(document, name), 'edit', call);
  sendJson(response, 200, { ok: true });
}
