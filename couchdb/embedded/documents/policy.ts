import type { PouchDocument } from 'pouchdb-core';
import type { Security } from '../access/security.ts';
import type { User } from '../access/user.ts';
import type { WritableDocument, WriteMode } from '../storage/write-queue.ts';

/** Who reads or writes a document, where. */
export interface Actor {
  user: User;
  security: Security;
}

/** What a system database does with its documents on their way in and out. A refusal is thrown as a CouchError. */
export interface DocumentPolicy {
  beforeWrite(document: WritableDocument, actor: Actor, mode: WriteMode): Promise<WritableDocument>;
  afterRead(document: PouchDocument, actor: Actor): PouchDocument;
}

export const plainPolicy: DocumentPolicy = {
  beforeWrite: (document) => Promise.resolve(document),
  afterRead: (document) => document,
};
