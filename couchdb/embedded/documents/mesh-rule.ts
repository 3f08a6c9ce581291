/**
 * The rules of the mesh, in databases whose design documents have them. They are known here by their texts, and done by
 * the protocol's own functions: nothing that is stored is run.
 */
import {
  BUCKET_RULE,
  DIRECTORY_RULE,
  MESH_ROLE,
  READER_ROLE,
  refusalInBucket,
  refusalInDirectory,
} from '@restante/protocol';
import { forbidden } from '../couch-error.ts';
import type { Database } from '../storage/database.ts';
import type { WritableDocument, WriteMode } from '../storage/write-queue.ts';
import { isDesignId, isLocalId } from './document.ts';
import type { Author } from './policy.ts';

/** Throws a CouchError when a document may not be written. */
export type MeshCheck = (document: WritableDocument, mode: WriteMode) => void;

type Rule = (document: WritableDocument, replaces: boolean, roles: string[]) => string | null;

const rules = new Map<unknown, Rule>([
  [BUCKET_RULE.validate_doc_update, refusalInBucket],
  [DIRECTORY_RULE.validate_doc_update, (_document, _replaces, roles) => refusalInDirectory(roles)],
]);

const designDocuments = {
  startKey: '_design/',
  endKey: '_design0',
  inclusiveEnd: false,
  descending: false,
  limit: Infinity,
  skip: 0,
  withBodies: true,
};

/** What the database has against documents of an author. Read anew for every request: a rule holds once it is written. */
export async function meshCheckOf(database: Database, { user: { roles } }: Author): Promise<MeshCheck> {
  // The rules let everybody else through.
  const found = roles.includes(MESH_ROLE) || roles.includes(READER_ROLE) ? await rulesIn(database) : [];
  return (document, mode) => {
    if (isDesignId(document._id) || isLocalId(document._id)) return;
    const replaces = mode === 'edit' && document['_rev'] !== undefined;
    for (const rule of found) {
      const refusal = rule(document, replaces, roles);
      if (refusal !== null) throw forbidden(refusal);
    }
  };
}

async function rulesIn(database: Database): Promise<Rule[]> {
  const found: Rule[] = [];
  for await (const page of database.rows(designDocuments))
    for (const { body } of page) {
      const rule = rules.get(body?.['validate_doc_update']);
      if (rule !== undefined) found.push(rule);
    }
  return found;
}
