import { Router } from 'express';
import { badRequest, CouchError } from '../couch-error.ts';
import { checkDocumentId, parseDocument } from '../documents/document.ts';
import { readOpenRevisions, type OpenRevision } from '../documents/open-revisions.ts';
import { parseRevision } from '../documents/revision.ts';
import { writeDocuments, type WriteOutcome } from '../documents/write-documents.ts';
import { isObject } from '../json-object.ts';
import type { Databases } from '../storage/databases.ts';
import { databaseRouteOf, type DatabaseCall } from './call.ts';
import { methodNotAllowed } from './errors.ts';
import { bodyBytes, declaredJsonBody, objectBody } from './json-body.ts';
import { JsonStream } from './json-stream.ts';
import { booleanOf } from './query.ts';
import { sendJson } from './send-json.ts';

/** Many documents in one request: `_bulk_docs` and `_bulk_get`. */
export function bulkRoutes({ databases }: { databases: Databases }): Router {
  const router = Router();
  const route = databaseRouteOf(databases);
  router.route('/:db/_bulk_docs').post(declaredJsonBody, route(bulkWrite)).all(methodNotAllowed('POST'));
  router.route('/:db/_bulk_get').post(declaredJsonBody, route(bulkRead)).all(methodNotAllowed('POST'));
  return router;
}

async function bulkWrite(call: DatabaseCall): Promise<void> {
  const { database, request, response } = call;
  const { docs, new_edits: newEdits = true } = objectBody(request);
  if (docs === undefined) throw badRequest('POST body must include `docs` parameter.');
  if (!Array.isArray(docs)) throw badRequest('`docs` parameter must be an array.');
  if (typeof newEdits !== 'boolean') throw badRequest('`new_edits` parameter must be a boolean.');
  const mode = newEdits ? 'edit' : 'replicate';
  const bytes = bodyBytes(request);
  const documents = docs.map((doc: unknown) => parseDocument(doc, { mode, bodyBytes: bytes }));
  const outcomes = await writeDocuments(database, documents, mode, call);
  const told = newEdits ? outcomes : outcomes.filter((outcome) => 'failure' in outcome);
  sendJson(response, 201, told.map(toResult));
}

function toResult(outcome: WriteOutcome) {
  return 'failure' in outcome
    ? { id: outcome.id, ...outcome.failure.toJSON() }
    : { ok: true, id: outcome.id, rev: outcome.rev };
}

async function bulkRead(call: DatabaseCall): Promise<void> {
  const { request, response, signal } = call;
  const { docs } = objectBody(request);
  if (!Array.isArray(docs)) throw badRequest("Missing JSON list of 'docs'.");
  const stream = new JsonStream(response, signal);
  await stream.start('{"results": [');
  for (const [index, doc] of docs.entries())
    await stream.write(`${index === 0 ? '' : ','}${JSON.stringify(await readOne(call, doc))}`);
  stream.end(']}\n');
}

async function readOne(call: DatabaseCall, wanted: unknown) {
  const { id = null, rev } = isObject(wanted) ? wanted : {};
  try {
    if (!isObject(wanted)) throw badRequest('document must be a JSON object');
    if (id === null) throw badRequest('document id missed');
    checkDocumentId(id);
    const revs = rev === undefined ? 'all' : [parseRevision(rev)];
    const options = {
      revs: booleanOf(call.query, 'revs'),
      latest: booleanOf(call.query, 'latest'),
      attachments: booleanOf(call.query, 'attachments'),
    };
    const found = await readOpenRevisions(call.database, id, revs, options);
    const docs =
      found.length > 0 ? found.map((revision) => toEntry(id, revision)) : [missingEntry(id, 'undefined')];
    return { id, docs };
  } catch (failure) {
    if (!(failure instanceof CouchError)) throw failure;
    return { id, docs: [{ error: { id, rev: rev ?? null, ...failure.toJSON() } }] };
  }
}

function toEntry(id: string, revision: OpenRevision) {
  return 'ok' in revision ? { ok: revision.ok } : missingEntry(id, revision.missing);
}

function missingEntry(id: string, rev: string) {
  return { error: { id, rev, error: 'not_found', reason: 'missing' } };
}
