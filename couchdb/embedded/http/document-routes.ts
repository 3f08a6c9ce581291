import { Router } from 'express';
import type { PouchDocument } from 'pouchdb-core';
import { badRequest, notFound } from '../couch-error.ts';
import { refuseDesignCode } from '../documents/design-code.ts';
import { isLocalId, parseDocument } from '../documents/document.ts';
import { readOpenRevisions } from '../documents/open-revisions.ts';
import { presentDocument } from '../documents/present-document.ts';
import { readDocument } from '../documents/read-document.ts';
import { parseRevision, parseRevisions } from '../documents/revision.ts';
import { writeDocument } from '../documents/write-documents.ts';
import type { Database } from '../storage/database.ts';
import type { Databases } from '../storage/databases.ts';
import type { WritableDocument } from '../storage/write-queue.ts';
import { databaseRouteOf, pathParameter, type DatabaseCall } from './call.ts';
import { documentBody } from './document-body.ts';
import { methodNotAllowed } from './errors.ts';
import { isFresh, revisionTag } from './entity-tag.ts';
import { bodyBytes } from './json-body.ts';
import { locationOf } from './location.ts';
import { sendMultipartMixed } from './multipart-mixed.ts';
import { booleanOf, jsonOf } from './query.ts';
import { sendJson } from './send-json.ts';

/** Single documents: ordinary, `_design` and `_local`. */
export function documentRoutes({ databases }: { databases: Databases }): Router {
  const router = Router();
  const route = databaseRouteOf(databases);

  for (const path of ['/:db/_design/:design', '/:db/_local/:local', '/:db/:id'])
    router
      .route(path)
      .get(route(getDocument))
      .put(documentBody, route(putDocument))
      .delete(route(deleteDocument))
      .all(methodNotAllowed('DELETE,GET,HEAD,PUT'));

  router.all(
    '/:db/_design/:design/:action{/*rest}',
    route(async (call, next) => {
      if (!pathParameter(call.request, 'action').startsWith('_')) {
        next();
        return;
      }
      await refuseDesignCode(call.database, pathParameter(call.request, 'design'));
    }),
  );
  return router;
}

/** The id in the path of a document or of something that belongs to it. */
export function documentIdOf({ request: { params } }: DatabaseCall): string {
  const { design, local, id } = params;
  if (design !== undefined) return `_design/${String(design)}`;
  return local !== undefined ? `_local/${String(local)}` : String(id);
}

/** The revision a write is based on: in the query, in `if-match`, or in the document, wherever it is named the same. */
export function baseRevisionOf({ request, query }: DatabaseCall, inBody?: unknown): string | undefined {
  const inQuery = query.get('rev') ?? undefined;
  const inHeader = request.headers['if-match']?.replaceAll('"', '');
  const named = [inBody, inQuery, inHeader].filter((rev) => rev !== undefined).map(parseRevision);
  if (new Set(named).size > 1)
    throw badRequest('Document rev from request body and query string have different values');
  return named[0];
}

async function getDocument(call: DatabaseCall): Promise<void> {
  const { query, request, response } = call;
  const id = documentIdOf(call);
  if (query.has('open_revs')) return getOpenRevisions(call, id);

  const document = await readOne(call, id);
  const withState = ['revs_info', 'conflicts', 'deleted_conflicts', 'meta'].some((name) =>
    booleanOf(query, name),
  );
  const tag = revisionTag(document._rev);
  if (!withState && isFresh(request, tag)) {
    response.writeHead(304, { etag: tag }).end();
    return;
  }
  sendJson(response, 200, document, withState ? {} : { etag: tag });
}

async function readOne({ database, query }: DatabaseCall, id: string): Promise<PouchDocument> {
  if (isLocalId(id)) return readLocal(database, id);
  const meta = booleanOf(query, 'meta');
  const rev = booleanOf(query, 'latest') ? null : query.get('rev');
  return readDocument(database, id, rev === null ? undefined : parseRevision(rev), {
    revs: booleanOf(query, 'revs'),
    revsInfo: meta || booleanOf(query, 'revs_info'),
    conflicts: meta || booleanOf(query, 'conflicts'),
    deletedConflicts: meta || booleanOf(query, 'deleted_conflicts'),
    attachments: booleanOf(query, 'attachments'),
  });
}

async function readLocal(database: Database, id: string): Promise<PouchDocument> {
  const document = await database.local.read(id);
  if (document === undefined) throw notFound('missing');
  return presentDocument(document);
}

async function getOpenRevisions(call: DatabaseCall, id: string): Promise<void> {
  const { database, query, request, response } = call;
  const wanted = query.get('open_revs') === 'all' ? 'all' : parseRevisions(jsonOf(query, 'open_revs'));
  const options = {
    revs: booleanOf(query, 'revs'),
    latest: booleanOf(query, 'latest'),
    attachments: booleanOf(query, 'attachments'),
  };
  const asMultipart = request.headers.accept?.includes('multipart/mixed') === true;
  const [revisions = []] = await readOpenRevisions(database, [{ id, revs: wanted }], {
    ...options,
    attachments: asMultipart || options.attachments,
  });
  if (wanted === 'all' && revisions.length === 0) throw notFound('missing');
  if (asMultipart) sendMultipartMixed(response, revisions);
  else sendJson(response, 200, revisions);
}

async function putDocument(call: DatabaseCall): Promise<void> {
  const { query, request } = call;
  const mode = booleanOf(query, 'new_edits', true) ? 'edit' : 'replicate';
  const document = parseDocument(request.body, {
    mode: query.has('rev') || request.headers['if-match'] !== undefined ? 'edit' : mode,
    id: documentIdOf(call),
    bodyBytes: bodyBytes(request),
  });
  const base = baseRevisionOf(call, document['_rev']);
  await sendWritten(call, base === undefined ? document : { ...document, _rev: base }, mode);
}

async function deleteDocument(call: DatabaseCall): Promise<void> {
  const id = documentIdOf(call);
  await (isLocalId(id) ? readLocal(call.database, id) : readDocument(call.database, id, undefined)); // else there is nothing to delete
  const base = baseRevisionOf(call);
  await sendWritten(call, { _id: id, _deleted: true, ...(base === undefined ? {} : { _rev: base }) }, 'edit');
}

/** Writes a document and answers with its new revision. */
export async function sendWritten(
  call: DatabaseCall,
  document: WritableDocument,
  mode: 'edit' | 'replicate',
): Promise<void> {
  const { database, request, response } = call;
  const rev = await writeDocument(database, document, mode, call);
  const status = document['_deleted'] === true ? 200 : 201;
  const location = locationOf(request.headers.host, database.name, document._id);
  sendJson(response, status, { ok: true, id: document._id, rev }, { etag: revisionTag(rev), location });
}
