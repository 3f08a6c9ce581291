import { requireDatabaseAdmin } from '../access/security.ts';
import { CouchError, conflict, toCouchError } from '../couch-error.ts';
import type { Database } from '../storage/database.ts';
import type { WritableDocument, WriteMode } from '../storage/write-queue.ts';
import { isDesignId, isLocalId } from './document.ts';
import { policyOf } from './policies.ts';
import type { Author } from './policy.ts';

export type WriteOutcome = { id: string; rev: string } | { id: string; failure: CouchError };

/**
 * Writes documents as `_bulk_docs` does: each stands for itself, and what happened to it is in the outcome at its place.
 * In mode `replicate` a written document has the revision it came with.
 */
export async function writeDocuments(
  database: Database,
  documents: WritableDocument[],
  mode: WriteMode,
  author: Author,
): Promise<WriteOutcome[]> {
  const policy = policyOf(database.name);
  const admitted = await Promise.all(
    documents.map(async (document): Promise<WritableDocument | CouchError> => {
      try {
        if (isDesignId(document._id)) requireDatabaseAdmin(author.user, author.security);
        return await policy(document, author, mode);
      } catch (failure) {
        if (failure instanceof CouchError) return failure;
        throw failure;
      }
    }),
  );
  const writable = admitted.filter(
    (document): document is WritableDocument => !(document instanceof CouchError) && !isLocalId(document._id),
  );
  const results = (await database.write(writable, mode)).values();
  const outcomes: WriteOutcome[] = [];
  for (const [index, document] of admitted.entries()) {
    const id = documents[index]?._id ?? '';
    if (document instanceof CouchError) outcomes.push({ id, failure: document });
    else if (isLocalId(id)) outcomes.push(await writeLocal(database, document));
    else if (mode === 'replicate') outcomes.push({ id, rev: String(document['_rev']) });
    else {
      const result = results.next().value;
      if (result !== undefined && 'rev' in result) outcomes.push({ id, rev: result.rev });
      else outcomes.push({ id, failure: result?.status === 409 ? conflict() : toCouchError(result) });
    }
  }
  return outcomes;
}

/** Writes one document and throws what hinders it. Returns its revision. */
export async function writeDocument(
  database: Database,
  document: WritableDocument,
  mode: WriteMode,
  author: Author,
): Promise<string> {
  const [outcome] = await writeDocuments(database, [document], mode, author);
  if (outcome === undefined) throw new Error('a document was written without an outcome');
  if ('failure' in outcome) throw outcome.failure;
  return outcome.rev;
}

async function writeLocal(database: Database, document: WritableDocument): Promise<WriteOutcome> {
  const id = document._id;
  try {
    if (document['_deleted'] !== true) return { id, rev: await database.local.put(document) };
    await database.local.remove(id);
    return { id, rev: '0-0' };
  } catch (failure) {
    return { id, failure: toCouchError(failure) };
  }
}
