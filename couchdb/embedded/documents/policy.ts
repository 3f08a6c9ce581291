import type { Security } from '../access/security.ts';
import type { User } from '../access/user.ts';
import type { WritableDocument, WriteMode } from '../storage/write-queue.ts';

/** Who writes a document, where. */
export interface Author {
  user: User;
  security: Security;
}

/** What a system database does with a document before it is written. A refusal is thrown as a CouchError. */
export type WritePolicy = (
  document: WritableDocument,
  author: Author,
  mode: WriteMode,
) => WritableDocument | Promise<WritableDocument>;
