/**
 * The rule of the mesh, in databases of which a design document has it. It is known here by its text, and done by
 * the protocol's own function: nothing that is stored is run.
 */
import { BUCKET_RULE, MESH_ROLE, READER_ROLE, refusalInBucket } from '@restante/protocol';
import { forbidden } from '../couch-error.ts';
import type { Database } from '../storage/database.ts';
import type { WritableDocument, WriteMode } from '../storage/write-queue.ts';
import { isDesignId, isLocalId } from './document.ts';
import type { Author } from './policy.ts';

/** Throws a CouchError when a document may not be written. */
export type MeshCheck = (document: WritableDocument, mode: WriteMode) => void;

const designDocuments = {
  startKey: '_design/',
  endKey: '_design0',
  inclusiveEnd: false,
  descending: false,
  limit: Infinity,
  skip: 0,
  withBodies: true,
};

/** What the database has against documents of an author. Read anew for every request: the rule holds once it is written. */
export async function meshCheckOf(database: Database, { user: { roles } }: Author): Promise<MeshCheck> {
  // The rule lets everybody else through.
  const isRuled = (roles.includes(MESH_ROLE) || roles.includes(READER_ROLE)) && (await hasRule(database));
  return (document, mode) => {
    if (!isRuled || isDesignId(document._id) || isLocalId(document._id)) return;
    const replaces = mode === 'edit' && document['_rev'] !== undefined;
    const refusal = refusalInBucket(document, replaces, roles);
    if (refusal !== null) throw forbidden(refusal);
  };
}

async function hasRule(database: Database): Promise<boolean> {
  for await (const page of database.rows(designDocuments))
    if (page.some(({ body }) => body?.['validate_doc_update'] === BUCKET_RULE.validate_doc_update))
      return true;
  return false;
}
