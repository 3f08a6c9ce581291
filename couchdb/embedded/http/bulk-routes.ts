import { Router } from 'express';
import { badRequest, toCouchError } from '../couch-error.ts';
import { checkDocumentId, parseDocument } from '../documents/document.ts';
import {
  readOpenRevisions,
  type OpenRevision,
  type OpenRevisionsRequest,
} from '../documents/open-revisions.ts';
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

const documentsPerRead = 64;

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
  const told = newEdits
    ? outcomes.map((outcome) => toResult(outcome))
    : outcomes.flatMap((outcome, index) =>
        'failure' in outcome ? [toResult(outcome, documents[index]?.['_rev'])] : [],
      );
  sendJson(response, 201, told);
}

/** `rev`: of a document that came with its own. */
function toResult(outcome: WriteOutcome, rev?: unknown) {
  return 'failure' in outcome
    ? { id: outcome.id, ...(rev === undefined ? {} : { rev }), ...outcome.failure.toJSON() }
    : { ok: true, id: outcome.id, rev: outcome.rev };
}

async function bulkRead(call: DatabaseCall): Promise<void> {
  const { database, query, request, response, signal } = call;
  const { docs } = objectBody(request);
  if (!Array.isArray(docs)) throw badRequest("Missing JSON list of 'docs'.");
  const wanted = docs.map(parseWanted);
  const options = {
    revs: booleanOf(query, 'revs'),
    latest: booleanOf(query, 'latest'),
    attachments: booleanOf(query, 'attachments'),
  };
  const stream = new JsonStream(response, signal);
  await stream.start('{"results": [');
  for (let from = 0; from < wanted.length; from += documentsPerRead) {
    const page = wanted.slice(from, from + documentsPerRead);
    const readable = page.filter((item) => 'revs' in item);
    const found = (await readOpenRevisions(database, readable, options)).values();
    const results = page.map((item) => ('revs' in item ? toFound(item.id, found.next().value ?? []) : item));
    await stream.write((from === 0 ? '' : ',') + results.map((result) => JSON.stringify(result)).join());
  }
  stream.end(']}\n');
}

interface Refused {
  id: unknown;
  docs: { error: object }[];
}

/** What one entry of the request asks for, or the answer to it when it asks for nothing sensible. */
function parseWanted(wanted: unknown): OpenRevisionsRequest | Refused {
  const { id = null, rev } = isObject(wanted) ? wanted : {};
  try {
    if (!isObject(wanted)) throw badRequest('document must be a JSON object');
    if (id === null) throw badRequest('document id missed');
    checkDocumentId(id);
    return { id, revs: rev === undefined ? 'all' : [parseRevision(rev)] };
  } catch (failure) {
    return { id, docs: [{ error: { id, rev: rev ?? null, ...toCouchError(failure).toJSON() } }] };
  }
}

function toFound(id: string, revisions: OpenRevision[]) {
  if (revisions.length === 0) return { id, docs: [missingEntry(id, 'undefined')] };
  return {
    id,
    docs: revisions.map((revision) =>
      'ok' in revision ? { ok: revision.ok } : missingEntry(id, revision.missing),
    ),
  };
}

function missingEntry(id: string, rev: string) {
  return { error: { id, rev, error: 'not_found', reason: 'missing' } };
}
