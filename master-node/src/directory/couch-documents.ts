import { CouchError, ServiceError, toCouchError, wholeAnswer } from '@restante/service-kit';
import type { Database } from './couch-servers.ts';
import { generationOf, type Leaf } from './directory-conflicts.ts';

/**
 * The few things that the directory does with documents. What is read may be anything: see couch-directory-reader.ts. What is
 * written is signed for the generation that it gets.
 */

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
export const find = async <D extends object>(
  database: Database,
  id: string,
  options: { readonly conflicts?: true } = {},
): Promise<Found<D> | null> => (await unless([404], database.get(id, options))) as Found<D> | null;

type BulkAnswer = {
  readonly results: readonly {
    readonly id: string;
    readonly docs: readonly { readonly ok?: Found<object> & { readonly _deleted?: boolean } }[];
  }[];
};

/** Those of the documents that are there, in one request; with `_conflicts` where leaves contradict each other. */
export const findAll = async (database: Database, ids: readonly string[]): Promise<Found<object>[]> => {
  const { results } = (await database.bulkGet(ids)) as BulkAnswer;
  const found = await Promise.all(
    results.map(async ({ id, docs }) => {
      const leaves = docs.flatMap(({ ok }) => (ok === undefined || ok._deleted === true ? [] : [ok]));
      return leaves.length > 1 ? find<object>(database, id, { conflicts: true }) : leaves[0];
    }),
  );
  return found.flatMap((document) => document ?? []);
};

type History = { readonly start: number; readonly ids: readonly string[] };
type LeafWithHistory = Found<object> & { readonly _deleted?: boolean; readonly _revisions?: History };

/** All leaves of documents, deletions too, with their histories, as {@link writeRevisions} takes them. */
export const withHistories = async (
  database: Database,
  ids: readonly string[],
): Promise<Map<string, LeafWithHistory[]>> => {
  if (ids.length === 0) return new Map();
  const { results } = wholeAnswer((await database.bulkGet(ids, { revs: true })) as BulkAnswer);
  return new Map(results.map(({ id, docs }) => [id, docs.flatMap(({ ok }) => ok ?? [])]));
};

/** The revisions that led to a leaf, itself too, as far as its CouchDB remembers. */
export const historyOf = ({ _rev, _revisions }: LeafWithHistory): string[] =>
  _revisions === undefined
    ? [_rev]
    : _revisions.ids.map((hash, index) => `${_revisions.start - index}-${hash}`);

/** A leaf without what is CouchDB's. */
export const toLeaf = (found: LeafWithHistory): Leaf<object> => {
  const { _rev, _deleted } = found;
  const fields = Object.entries(found).filter(([field]) => !field.startsWith('_'));
  return { rev: _rev, document: _deleted === true ? null : Object.fromEntries(fields) };
};

/** All leaves of a document, deletions too. */
export const leavesOf = async (database: Database, id: string): Promise<Leaf<object>[]> => {
  // nano's type knows a list of revisions only.
  const all = { open_revs: 'all' } as unknown as { open_revs: string[] };
  const answers = (await unless([404], database.get(id, all))) ?? [];
  return (answers as unknown as readonly LeafAnswer[]).flatMap(({ ok }) =>
    ok === undefined ? [] : [toLeaf({ _id: id, ...ok })],
  );
};

export type Range = { readonly start: string; readonly end: string };

const PAGE = 250;

/** All rows of a range of ids, a page at a time. */
async function* rowsOf(database: Database, range: Range, withDocuments: boolean) {
  let startkey = range.start;
  for (;;) {
    const page = { startkey, endkey: range.end, inclusive_end: false, limit: PAGE };
    const { rows } = wholeAnswer(
      await database.list({ ...page, include_docs: withDocuments, conflicts: withDocuments }),
    );
    yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    // The first id after the last one.
    startkey = `${last.id}\u0000`;
  }
}

/** Documents of a range of ids, a page at a time. */
export async function* pagesOf(database: Database, range: Range): AsyncGenerator<Found<object>[]> {
  for await (const rows of rowsOf(database, range, true)) yield rows.flatMap(({ doc }) => doc ?? []);
}

/** Documents of a range of ids. */
export const list = async (database: Database, range: Range): Promise<Found<object>[]> => {
  const found: Found<object>[] = [];
  for await (const documents of pagesOf(database, range)) found.push(...documents);
  return found;
};

/** Those of a range of ids that `isWanted` names. */
export const listIds = async (
  database: Database,
  range: Range,
  isWanted: (id: string) => boolean,
): Promise<string[]> => {
  const found: string[] = [];
  for await (const rows of rowsOf(database, range, false)) {
    for (const { id } of rows) if (isWanted(id)) found.push(id);
  }
  return found;
};

const signed = (database: Database, id: string, body: object, over?: string) => {
  const generation = over === undefined ? 1 : generationOf(over) + 1;
  const document = database.signatures.sign(id, generation, body);
  return { generation, document: { ...document, _id: id, ...(over === undefined ? {} : { _rev: over }) } };
};

/** Writes a document, over `over` when given. False when somebody else was first. */
export const write = async (
  database: Database,
  id: string,
  body: object,
  over?: { readonly _rev: string },
): Promise<boolean> => {
  const { generation, document } = signed(database, id, body, over?._rev);
  const answer = await unless([409], database.insert(document));
  if (answer === null) return false;
  // Somebody has deleted what was there: a new document goes on with the generations of the deleted one.
  if (generationOf(answer.rev) !== generation) return write(database, id, body, { _rev: answer.rev });
  return true;
};

type BulkResult = { readonly id?: string; readonly rev?: string; readonly error?: string };

/** Throws when a server did not do what it was asked: what failed does not count as done. */
const assertDone = (results: readonly BulkResult[]): void => {
  if (results.every(({ error }) => error === undefined || error === 'conflict')) return;
  throw new ServiceError('unavailable', 'the directory refused a document');
};

/** Writes documents in one request, each over its `_rev` when it has one. Gives the ids of those where somebody else was first. */
export const insertAll = async (
  database: Database,
  docs: readonly { readonly _id: string; readonly _rev?: string }[],
): Promise<ReadonlySet<string>> => {
  const made = docs.map((one) => ({ ...signed(database, one._id, one, one._rev), body: one }));
  const bulk = database.bulk({ docs: made.map(({ document }) => document) });
  const results: readonly BulkResult[] = wholeAnswer(await bulk);
  assertDone(results);
  const late = new Set<string>();
  for (const { id, rev, error } of results) {
    const one = made.find(({ body }) => body._id === id);
    if (id === undefined || one === undefined) continue;
    if (error !== undefined) late.add(id);
    // As in `write`.
    else if (rev !== undefined && generationOf(rev) !== one.generation) {
      if (!(await write(database, id, one.body, { _rev: rev }))) late.add(id);
    }
  }
  return late;
};

/** Deletes revisions in one request. Those that are gone already are passed over. Gives how many it deleted. */
export const removeAll = async (
  database: Database,
  revisions: readonly { id: string; rev: string }[],
): Promise<number> => {
  if (revisions.length === 0) return 0;
  const docs = revisions.map(({ id, rev }) => ({ _id: id, _rev: rev, _deleted: true }));
  const results: readonly BulkResult[] = wholeAnswer(await database.bulk({ docs }));
  assertDone(results);
  return results.filter(({ error }) => error === undefined).length;
};

/** Writes documents that carry their own revisions, as they are. */
export const writeRevisions = async (
  database: Database,
  docs: readonly { readonly _id: string; readonly _rev: string }[],
): Promise<void> => {
  if (docs.length === 0) return;
  assertDone(wholeAnswer(await database.bulk({ docs: [...docs], new_edits: false })));
};
