import type { PouchAttachment, PouchDocument } from 'pouchdb-core';
import { notFound } from '../couch-error.ts';
import type { Database } from '../storage/database.ts';
import type { DocumentEntry } from '../storage/document-entry.ts';
import { lineOf } from '../storage/revision-tree.ts';
import { presentDocument } from './present-document.ts';

/** What is told about a document beside its content. */
export interface ReadOptions {
  /** The ancestors, as `_revisions`. */
  revs?: boolean;
  /** What is left of each ancestor, as `_revs_info`. */
  revsInfo?: boolean;
  /** The leaves that lost and live, as `_conflicts`. */
  conflicts?: boolean;
  /** Those that are tombstones, as `_deleted_conflicts`. */
  deletedConflicts?: boolean;
  /** Attachments in full. */
  attachments?: boolean;
}

/** Reads a document, as it stands or in a named revision. Throws when there is none. */
export async function readDocument(
  database: Database,
  id: string,
  rev: string | undefined,
  options: ReadOptions = {},
): Promise<PouchDocument> {
  const entry = await database.entry(id);
  if (entry === undefined) throw notFound('missing');
  if (rev === undefined && entry.deleted) throw notFound('deleted');
  const wanted = rev ?? entry.winner;
  const [body] = await database.bodies([{ entry, rev: wanted }]);
  if (body === undefined) throw notFound('missing');
  return describeDocument(database, entry, body, options);
}

/** Adds to a stored body what is asked for. */
export async function describeDocument(
  database: Database,
  entry: DocumentEntry,
  body: PouchDocument,
  options: ReadOptions,
): Promise<PouchDocument> {
  const document = presentDocument(body);
  if (options.revs === true) document._revisions = revisionsOf(entry, body._rev);
  if (options.revsInfo === true) document._revs_info = revisionStates(entry, body._rev);
  if (options.conflicts === true) addLosers(document, '_conflicts', entry, false);
  if (options.deletedConflicts === true) addLosers(document, '_deleted_conflicts', entry, true);
  if (options.attachments === true) await addAttachments(database, document);
  return document;
}

function lineTo(entry: DocumentEntry, rev: string) {
  const revision = entry.revisions.find((candidate) => candidate.rev === rev);
  return revision === undefined ? [] : lineOf(revision);
}

function revisionsOf(entry: DocumentEntry, rev: string) {
  const line = lineTo(entry, rev);
  return { start: line[0]?.generation ?? 0, ids: line.map(({ hash }) => hash) };
}

function revisionStates(entry: DocumentEntry, rev: string) {
  return lineTo(entry, rev).map((revision) => {
    const stored = entry.bodySequence(revision.rev) !== undefined;
    return { rev: revision.rev, status: stored ? (revision.deleted ? 'deleted' : 'available') : 'missing' };
  });
}

function addLosers(
  document: PouchDocument,
  member: '_conflicts' | '_deleted_conflicts',
  entry: DocumentEntry,
  deleted: boolean,
): void {
  const losers = entry.losers.filter((revision) => revision.deleted === deleted);
  if (losers.length > 0) document[member] = losers.map(({ rev }) => rev);
}

async function addAttachments(database: Database, document: PouchDocument): Promise<void> {
  for (const [name, { content_type, digest, revpos }] of Object.entries(document._attachments ?? {})) {
    const content = await database.readAttachment(document._id, name, document._rev);
    const full: PouchAttachment = { content_type, digest, data: content.toString('base64') };
    document._attachments = {
      ...document._attachments,
      [name]: revpos === undefined ? full : { ...full, revpos },
    };
  }
}
