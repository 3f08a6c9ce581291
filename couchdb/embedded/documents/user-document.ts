/** `_users`: a password is stored as its hash only; a user sees and changes only the own document, and not its roles. */
import { hashPassword, passwordFields } from '../access/password.ts';
import { isDatabaseAdmin } from '../access/security.ts';
import { userIdPrefix } from '../access/authentication.ts';
import { badRequest, forbidden, notFound } from '../couch-error.ts';
import type { WritableDocument } from '../storage/write-queue.ts';
import { isDesignId } from './document.ts';
import type { Actor, DocumentPolicy } from './policy.ts';

export const userPolicy: DocumentPolicy = {
  async beforeWrite(document, actor) {
    if (!isOwn(document._id, actor)) throw notFound('missing');
    if (isDesignId(document._id) || document['_deleted'] === true) return document;
    checkUser(document, actor);
    return hideIfGiven(document);
  },
  afterRead(document, actor) {
    if (isOwn(document._id, actor)) return document;
    throw isDesignId(document._id)
      ? forbidden('Only administrators can view design docs in the users database.')
      : notFound('missing');
  },
};

function isOwn(id: string, { user, security }: Actor): boolean {
  return isDatabaseAdmin(user, security) || (user.name !== null && id === userIdPrefix + user.name);
}

async function hideIfGiven(document: WritableDocument): Promise<WritableDocument> {
  const { password } = document;
  if (password === undefined || password === null) return document;
  if (typeof password !== 'string') throw badRequest('doc.password must be a string.');
  const others = Object.entries(document).filter(([field]) => !passwordFields.includes(field));
  return { ...Object.fromEntries(others), _id: document._id, ...(await hashPassword(password)) };
}

function checkUser(document: WritableDocument, { user, security }: Actor): void {
  const { _id, type, name, roles } = document;
  if (type !== 'user') throw forbidden('doc.type must be user');
  if (typeof name !== 'string' || name === '') throw forbidden('doc.name is required');
  if (!Array.isArray(roles)) throw forbidden('doc.roles must exist and must be an array');
  if (!roles.every((role) => typeof role === 'string' && !role.startsWith('_')))
    throw forbidden('No system roles (starting with underscore) in users db.');
  if (_id !== userIdPrefix + name) throw forbidden('Doc ID must be of the form org.couchdb.user:name');
  if (!isDatabaseAdmin(user, security) && String(roles) !== String(user.roles))
    throw forbidden('Only _admin may edit roles');
}
