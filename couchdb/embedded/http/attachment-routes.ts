import express, { Router } from 'express';
import { badRequest, conflict, notFound } from '../couch-error.ts';
import { checkAttachmentName } from '../documents/attachment.ts';
import { presentDocument } from '../documents/present-document.ts';
import { readDocument } from '../documents/read-document.ts';
import { parseRevision } from '../documents/revision.ts';
import { without } from '../json-object.ts';
import type { Databases } from '../storage/databases.ts';
import { databaseRouteOf, pathParameter, type DatabaseCall } from './call.ts';
import { baseRevisionOf, documentIdOf, sendWritten } from './document-routes.ts';
import { isFresh } from './entity-tag.ts';
import { methodNotAllowed } from './errors.ts';
import { maxRequestBytes } from './json-body.ts';

const anyBody = express.raw({ limit: maxRequestBytes, type: () => true });

/** Attachments on their own; with their documents they come and go through the document's routes. */
export function attachmentRoutes({ databases }: { databases: Databases }): Router {
  const router = Router();
  const route = databaseRouteOf(databases);
  for (const path of ['/:db/_design/:design/*attachment', '/:db/:id/*attachment'])
    router
      .route(path)
      .get(route(getAttachment))
      .put(anyBody, route(putAttachment))
      .delete(route(deleteAttachment))
      .all(methodNotAllowed('DELETE,GET,HEAD,PUT'));
  return router;
}

async function getAttachment(call: DatabaseCall): Promise<void> {
  const { database, query, request, response } = call;
  const id = documentIdOf(call);
  const rev = query.get('rev');
  const document = await readDocument(database, id, rev === null ? undefined : parseRevision(rev));
  const name = pathParameter(request, 'attachment');
  const attachment = document._attachments?.[name];
  if (attachment === undefined) throw notFound('Document is missing attachment');
  const tag = `"${attachment.digest.replace(/^md5-/, '')}"`;
  if (isFresh(request, tag)) {
    response.writeHead(304, { etag: tag }).end();
    return;
  }
  const content = await database.readAttachment(id, name, document._rev);
  response
    .writeHead(200, { etag: tag, 'content-type': attachment.content_type, 'content-length': content.length })
    .end(content);
}

async function putAttachment(call: DatabaseCall): Promise<void> {
  const { request } = call;
  const body: unknown = request.body;
  const name = pathParameter(request, 'attachment');
  checkAttachmentName(name);
  const { document, attachments } = await documentToChange(call);
  const added = {
    content_type: request.headers['content-type'] ?? 'application/octet-stream',
    data: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
  };
  await sendWritten(call, { ...document, _attachments: { ...attachments, [name]: added } }, 'edit');
}

async function deleteAttachment(call: DatabaseCall): Promise<void> {
  const name = pathParameter(call.request, 'attachment');
  const { document, attachments } = await documentToChange(call);
  if (!Object.hasOwn(attachments, name)) throw notFound('Document is missing attachment');
  const others = without(attachments, name);
  const rest = Object.keys(others).length === 0 ? {} : { _attachments: others };
  await sendWritten(call, { ...without(document, '_attachments'), _id: document._id, ...rest }, 'edit');
}

/** The document as it stands, if the client knows that; a new one if there is none. */
async function documentToChange(call: DatabaseCall) {
  const id = documentIdOf(call);
  if (call.request.headers['content-encoding'] !== undefined)
    throw badRequest('Attachments are not decoded here');
  const base = baseRevisionOf(call);
  const body = await call.database.read(id);
  const current = body === undefined ? undefined : presentDocument(body);
  if (current?._rev !== base) throw conflict();
  return { document: current ?? { _id: id }, attachments: current?._attachments ?? {} };
}
