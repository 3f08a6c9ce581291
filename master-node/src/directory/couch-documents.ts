import { CouchError, toCouchError, wholeAnswer } from '@restante/service-kit';
import type { Database } from './couch-servers.ts';
import type { Leaf } from './directory-conflicts.ts';

/** The few things that the directory does with documents. What is read was written by a master. */

export type Found<D> = D & { readonly _id: string; readonly _rev: string };

type LeafAnswer = { readonly ok?: { readonly _rev: string; readonly _deleted?: boolean } };

/** The answer, or null when it is one of these refusals. */
const unless = async <T>(refusals: readonly number[], call: Promise<T>): Promise<T | null> => {
  try {
    return wholeAnswer(await call);
  } catch (thrown) {
    const error = toCouchError(thrown);
    if (!(error instanceof CouchError) || !refusals.includes(error.statusCode)) throw thrown;
    if (error.statusCode === 404 && error.reason !== 'missing' && error.reason !== 'deleted') throw thrown;
    return null;
  }
};

/** The document, or null. */
export const find = async <D extends object>(database: Database, id: string): Promise<Found<D> | null> =>
  (await unless([404], database.get(id))) as Found<D> | null;

/** All leaves of a document, deletions too. */
export const leavesOf = async (database: Database, id: string): Promise<Leaf<object>[]> => {
  // nano's type knows a list of revisions only.
  const all = { open_revs: 'all' } as unknown as { open_revs: string[] };
  const answers = (await unless([404], database.get(id, all))) ?? [];
  return (answers as unknown as readonly LeafAnswer[]).flatMap(({ ok }) => {
    if (ok === undefined) return [];
    const { _rev, _deleted, ...document } = ok;
    return [{ rev: _rev, document: _deleted === true ? null : document }];
  });
};

/** Documents of a range of ids, at most `limit`. */
export const list = async <D extends object>(
  database: Database,
  range: { start: string; end: string },
  limit: number,
): Promise<Found<D>[]> => {
  const bounds = { startkey: range.start, endkey: range.end, limit };
  const { rows } = wholeAnswer(await database.list({ ...bounds, include_docs: true }));
  return rows.flatMap(({ doc }) => (doc ? [doc as unknown as Found<D>] : []));
};

/** Ids and revisions of a range of ids, at most `limit`. */
export const listIds = async (
  database: Database,
  range: { start: string; end: string },
  limit: number,
): Promise<{ id: string; rev: string }[]> => {
  const { rows } = wholeAnswer(await database.list({ startkey: range.start, endkey: range.end, limit }));
  return rows.map(({ id, value }) => ({ id, rev: value.rev }));
};

/** Writes a document, over `over` when given. False when somebody else was first. */
export const write = async (
  database: Database,
  id: string,
  body: object,
  over?: { readonly _rev: string },
): Promise<boolean> => {
  const document = { ...body, _id: id, ...(over ? { _rev: over._rev } : {}) };
  return (await unless([409], database.insert(document))) !== null;
};

/** Deletes one revision. False when somebody else was first. */
export const remove = async (database: Database, id: string, rev: string): Promise<boolean> =>
  (await unless([404, 409], database.destroy(id, rev))) !== null;

/** Deletes revisions in one request. Those that are gone already are passed over. Gives how many it deleted. */
export const removeAll = async (
  database: Database,
  revisions: readonly { id: string; rev: string }[],
): Promise<number> => {
  if (revisions.length === 0) return 0;
  const docs = revisions.map(({ id, rev }) => ({ _id: id, _rev: rev, _deleted: true }));
  const results = wholeAnswer(await database.bulk({ docs }));
  return results.filter((result) => result.error === undefined).length;
};

/** Writes documents that carry their own revisions. */
export const writeRevisions = async (
  database: Database,
  docs: readonly { readonly _id: string; readonly _rev: string }[],
): Promise<void> => {
  if (docs.length === 0) return;
  wholeAnswer(await database.bulk({ docs: [...docs], new_edits: false }));
};
