/** `_users`: a password is stored as its hash only, and nobody becomes an admin by a document. */
import { userIdPrefix } from '../access/authentication.ts';
import { hashPassword, passwordFields } from '../access/password.ts';
import { badRequest, forbidden } from '../couch-error.ts';
import { without } from '../json-object.ts';
import type { WritableDocument } from '../storage/write-queue.ts';
import { isDesignId } from './document.ts';
import type { WritePolicy } from './policy.ts';

export const hideAndCheckUser: WritePolicy = async (document) => {
  if (isDesignId(document._id) || document['_deleted'] === true) return document;
  checkUser(document);
  const { password } = document;
  if (password === undefined || password === null) return document;
  if (typeof password !== 'string') throw badRequest('doc.password must be a string.');
  const others = without(document, ...passwordFields);
  return { ...others, _id: document._id, ...(await hashPassword(password)) };
};

function checkUser({ _id, type, name, roles }: WritableDocument): void {
  if (type !== 'user') throw forbidden('doc.type must be user');
  if (typeof name !== 'string' || name === '') throw forbidden('doc.name is required');
  if (!Array.isArray(roles)) throw forbidden('doc.roles must exist');
  if (!roles.every((role) => typeof role === 'string' && !role.startsWith('_')))
    throw forbidden('No system roles (starting with underscore) in users db.');
  if (_id !== userIdPrefix + name) throw forbidden('Doc ID must be of the form org.couchdb.user:name');
}
