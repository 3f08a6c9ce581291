/** A document as a client sends it, checked against CouchDB's rules before it comes near the storage. */
import { randomUUID } from 'node:crypto';
import { badRequest, docValidation, documentTooLarge, illegalDocId } from '../couch-error.ts';
import { isObject } from '../json-object.ts';
import type { WritableDocument, WriteMode } from '../storage/write-queue.ts';
import { checkAttachments } from './attachment.ts';
import { isRevision } from './revision.ts';

export const maxDocumentBytes = 8_000_000;
const maxDepth = 200;

/** What an answer may carry and a write does not keep. */
const ignoredMembers = new Set(['_revs_info', '_local_seq', '_conflicts', '_deleted_conflicts']);
const keptMembers = new Set([
  '_id',
  '_rev',
  '_revisions',
  '_deleted',
  '_attachments',
  '_replication_id',
  '_replication_state',
  '_replication_state_time',
  '_replication_state_reason',
  '_replication_stats',
]);

export interface IncomingOptions {
  mode: WriteMode;
  /** The id in the address, which goes before the one in the body. */
  id?: string;
  /** Size of the body the document came in; one that cannot hold a too large document saves measuring it. */
  bodyBytes: number;
}

export function parseDocument(value: unknown, { mode, id, bodyBytes }: IncomingOptions): WritableDocument {
  if (!isObject(value)) throw badRequest('Document must be a JSON object');
  const { _id: idInBody = id ?? newDocumentId() } = value;
  checkDocumentId(idInBody);
  const documentId = id ?? idInBody;
  checkDocumentId(documentId);
  const document: WritableDocument = { _id: documentId };
  for (const [member, content] of Object.entries(value)) {
    if (ignoredMembers.has(member) || member === '_id') continue;
    if (member.startsWith('_') && !keptMembers.has(member)) throw badMember(member);
    checkDepth(content);
    document[member] = content;
  }
  if (document['_deleted'] !== undefined && typeof document['_deleted'] !== 'boolean')
    throw badMember('_deleted');
  if (document['_attachments'] !== undefined) checkAttachments(document['_attachments']);
  applyRevisions(document);
  if (mode === 'replicate' && document['_rev'] === undefined)
    throw badRequest('When `new_edits: false`, the document needs `_rev` or `_revisions` specified');
  if (bodyBytes > maxDocumentBytes && Buffer.byteLength(JSON.stringify(value)) > maxDocumentBytes)
    throw documentTooLarge(documentId);
  return document;
}

export function checkDocumentId(id: unknown): asserts id is string {
  if (typeof id !== 'string') throw illegalDocId('Document id must be a string');
  if (id === '') throw illegalDocId('Document id must not be empty');
  if (id === '_design/' || id === '_local/') throw illegalDocId(`Illegal document id \`${id}\``);
  if (id.startsWith('_') && !isDesignId(id) && !isLocalId(id))
    throw illegalDocId('Only reserved document ids may start with underscore.');
  if (!id.isWellFormed()) throw illegalDocId('Document id must be valid UTF-8');
}

export function newDocumentId(): string {
  return randomUUID().replaceAll('-', '');
}

export function isLocalId(id: string): boolean {
  return id.startsWith('_local/');
}

export function isDesignId(id: string): boolean {
  return id.startsWith('_design/');
}

/**
 * `_revisions` goes before `_rev`: it names the same revision and its ancestors. The revisions of a `_local` document,
 * `0-1`, `0-2` …, count its writes: CouchDB's replicator names them in `_revisions` too, and none has ancestors to keep.
 */
function applyRevisions(document: WritableDocument): void {
  const { _rev, _revisions } = document;
  if (_rev !== undefined && !isRevision(_rev)) throw badRequest('Invalid rev format');
  if (_revisions === undefined) return;
  if (!isObject(_revisions)) throw docValidation('_revisions is not an object.');
  const { start, ids } = _revisions;
  if (!Number.isInteger(start)) throw docValidation("_revisions.start isn't an integer.");
  if (!Array.isArray(ids)) throw docValidation("_revisions.ids isn't a array.");
  if (!ids.every((hash) => typeof hash === 'string' && hash !== ''))
    throw docValidation("RevId isn't a string");
  const newest: unknown = ids[0];
  const isLocal = isLocalId(document._id);
  if (typeof newest !== 'string' || Number(start) < (isLocal ? 0 : ids.length))
    throw docValidation('_revisions.ids do not fit _revisions.start.');
  document['_rev'] = `${Number(start)}-${newest}`;
  if (isLocal) delete document['_revisions'];
}

function checkDepth(value: unknown, depth = 1): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxDepth) throw badRequest('Document is nested too deeply');
  for (const member of Object.values(value)) checkDepth(member, depth + 1);
}

function badMember(member: string) {
  return docValidation(`Bad special document member: ${member}`);
}
