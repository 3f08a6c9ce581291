import { CouchError, ServiceError, toCouchError, wholeAnswer } from '@restante/service-kit';
import type { Database } from './couch-servers.ts';
import { generationOf, type Leaf } from './directory-conflicts.ts';

/**
 * The few things that the directory does with documents. What is read is of the ids that were asked for, and may be anything
 * otherwise: see couch-directory-reader.ts. What is written is signed for the generation that it gets.
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

/** A CouchDB that answers with another document than it was asked for may have it from anywhere (law 12). */
const another = (): ServiceError =>
  new ServiceError('unavailable', 'the directory answers with another document');

/** The document, or null. */
export const find = async <D extends object>(
  database: Database,
  id: string,
  options: { readonly conflicts?: true; readonly revs?: true } = {},
): Promise<Found<D> | null> => {
  const found = (await unless([404], database.get(id, options))) as Found<D> | null;
  if (found !== null && found._id !== id) throw another();
  return found;
};

type BulkAnswer = {
  readonly results: readonly {
    readonly id: string;
    readonly docs: readonly { readonly ok?: Found<object> & { readonly _deleted?: boolean } }[];
  }[];
};

/** Those of the documents that are there, in one request; with `_conflicts` where leaves contradict each other. */
export const findAll = async (database: Database, ids: readonly string[]): Promise<Found<object>[]> => {
  const asked = new Set(ids);
  const { results } = (await database.bulkGet(ids)) as BulkAnswer;
  const found = await Promise.all(
    results.map(async ({ id, docs }) => {
      if (!asked.delete(id)) throw another();
      const leaves = docs.flatMap(({ ok }) => (ok === undefined || ok._deleted === true ? [] : [ok]));
      if (leaves.some(({ _id }) => _id !== id)) throw another();
      return leaves.length > 1 ? find<object>(database, id, { conflicts: true }) : leaves[0];
    }),
  );
  return found.flatMap((document) => document ?? []);
};

type History = { readonly start: number; readonly ids: readonly string[] };
/** As {@link writeRevisions} takes it. */
export type LeafWithHistory = Found<object> & {
  readonly _deleted?: boolean;
  readonly _revisions?: History;
};

const REVISION = /^[1-9]\d{0,9}-[0-9a-f]+$/;

/** Whether a CouchDB that may say anything names a leaf of this document, with a history that ends in it (law 12). */
const isLeafOf = (id: string, { _id, _rev, _revisions }: LeafWithHistory): boolean => {
  if (_id !== id || !REVISION.test(_rev)) return false;
  if (_revisions === undefined) return true;
  const { start, ids } = _revisions;
  return (
    `${start}-${ids[0]}` === _rev &&
    ids.length <= start &&
    ids.every((hash, index) => REVISION.test(`${start - index}-${hash}`))
  );
};

/** All leaves of documents, deletions too, with their histories. */
export const withHistories = async (
  database: Database,
  ids: readonly string[],
): Promise<Map<string, LeafWithHistory[]>> => {
  if (ids.length === 0) return new Map();
  const asked = new Set(ids);
  const { results } = wholeAnswer((await database.bulkGet(ids, { revs: true })) as BulkAnswer);
  return new Map(
    results
      .filter(({ id }) => asked.has(id))
      .map(({ id, docs }) => [id, docs.flatMap(({ ok }) => (ok && isLeafOf(id, ok) ? [ok] : []))]),
  );
};

/** The revisions that led to a leaf, itself too, as far as its CouchDB says. */
export const historyOf = ({ _rev, _revisions }: Pick<LeafWithHistory, '_rev' | '_revisions'>): string[] =>
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

const PAGE = 100;

/** The order of the primary index. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** All rows of a range of ids, a page at a time. */
async function* rowsOf(database: Database, range: Range, withDocuments: boolean) {
  let startkey = range.start;
  for (;;) {
    const page = { startkey, endkey: range.end, inclusive_end: false, limit: PAGE };
    const { rows } = wholeAnswer(
      await database.list({ ...page, include_docs: withDocuments, conflicts: withDocuments }),
    );
    for (const [index, { id, doc }] of rows.entries()) {
      const before = rows[index - 1]?.id;
      const isNext = before === undefined ? byBytes(startkey, id) <= 0 : byBytes(before, id) < 0;
      if (!isNext || byBytes(id, range.end) >= 0 || (doc && doc._id !== id)) throw another();
    }
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

/** No device has so many documents; a CouchDB may name more and more. */
const MAX_LISTED = 10_000;
const assertListed = (found: readonly unknown[], max = MAX_LISTED): void => {
  if (found.length > max) throw new ServiceError('unavailable', 'the directory does not come to an end');
};

/** Documents of a range of ids. */
export const list = async (database: Database, range: Range, max?: number): Promise<Found<object>[]> => {
  const found: Found<object>[] = [];
  for await (const documents of pagesOf(database, range)) {
    found.push(...documents);
    assertListed(found, max);
  }
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
    assertListed(found);
  }
  return found;
};

const ATTEMPTS = 5;

const hashOf = (rev: string): string => rev.slice(rev.indexOf('-') + 1);

/** A revision that is written over, with its history when that is known. */
type Over = { readonly _rev: string; readonly _revisions?: History };

const signed = (database: Database, id: string, body: object, over?: Over) => {
  const generation = over === undefined ? 1 : generationOf(over._rev) + 1;
  const document = { ...database.signatures.sign(id, generation, body), _id: id };
  return { generation, over, document: over === undefined ? document : { ...document, _rev: over._rev } };
};

type Signed = ReturnType<typeof signed>;

/**
 * What was written, with the history of what it was written over as far as that is known, or null when the CouchDB gave it another
 * generation than it is signed for.
 */
const asWritten = ({ generation, over, document }: Signed, rev: string): LeafWithHistory | null => {
  if (!REVISION.test(rev)) throw new ServiceError('unavailable', 'the directory named no revision');
  if (generationOf(rev) !== generation) return null;
  const before = over && isLeafOf(document._id, { _id: document._id, ...over }) ? historyOf(over) : [];
  return { ...document, _rev: rev, _revisions: { start: generation, ids: [rev, ...before].map(hashOf) } };
};

/** Writes a document, over `over` when given. Gives what it wrote, or null when somebody else was first. */
export const write = async (
  database: Database,
  id: string,
  body: object,
  over?: Over,
): Promise<LeafWithHistory | null> => {
  let before = over;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const made = signed(database, id, body, before);
    const answer = await unless([409], database.insert(made.document));
    if (answer === null) return null;
    const written = asWritten(made, answer.rev);
    if (written !== null) return written;
    // Somebody has deleted what was there: a new document goes on with the generations of the deleted one.
    before = { _rev: answer.rev };
  }
  throw new ServiceError('unavailable', 'the directory gives a document another generation each time');
};

type BulkResult = { readonly id?: string; readonly rev?: string; readonly error?: string };

/** Throws when a server did not do what it was asked: what failed does not count as done. */
const assertDone = (results: readonly BulkResult[]): void => {
  if (results.every(({ error }) => error === undefined || error === 'conflict')) return;
  throw new ServiceError('unavailable', 'the directory refused a document');
};

/**
 * Writes documents in one request, each over its `_rev` when it has one. Gives what it wrote; what is not among it somebody else was
 * first with.
 */
export const insertAll = async (
  database: Database,
  docs: readonly { readonly _id: string; readonly _rev?: string }[],
): Promise<LeafWithHistory[]> => {
  const made = docs.map((one) => ({
    ...signed(database, one._id, one, one._rev === undefined ? undefined : { _rev: one._rev }),
    body: one,
  }));
  const bulk = database.bulk({ docs: made.map(({ document }) => document) });
  const results: readonly BulkResult[] = wholeAnswer(await bulk);
  assertDone(results);
  const written: LeafWithHistory[] = [];
  for (const { id, rev, error } of results) {
    const one = made.find(({ body }) => body._id === id);
    if (id === undefined || one === undefined || rev === undefined || error !== undefined) continue;
    // As in `write`.
    const leaf = asWritten(one, rev) ?? (await write(database, id, one.body, { _rev: rev }));
    if (leaf !== null) written.push(leaf);
  }
  return written;
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
