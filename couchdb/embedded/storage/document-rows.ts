import type { PouchAllDocsOptions, PouchRow } from 'pouchdb-core';

export interface RowOptions {
  includeDocs: boolean;
  conflicts: boolean;
  attachments: boolean;
}

export interface DocumentRange extends RowOptions {
  startKey?: string;
  endKey?: string;
  inclusiveEnd: boolean;
  descending: boolean;
  limit: number;
  skip: number;
}

type AllDocs = (options: PouchAllDocsOptions) => Promise<{ rows: PouchRow[] }>;

const pageRows = 100;

/** Sorts after every id. PouchDB without an end key stops at U+00FF. */
const lastId = '\u{10ffff}';

/** Reads a range page by page. Each next page starts at the last row of the one before, which may be gone by then. */
export async function* readRange(range: DocumentRange, allDocs: AllDocs): AsyncGenerator<PouchRow[]> {
  const { startKey, endKey, inclusiveEnd, descending } = range;
  const end = endKey ?? (descending ? undefined : lastId);
  const options: PouchAllDocsOptions = {
    ...toPouchOptions(range),
    descending,
    inclusive_end: inclusiveEnd,
    ...(end === undefined ? {} : { endkey: end }),
  };
  let start = startKey ?? (descending ? lastId : undefined);
  let skip = range.skip;
  let previousId: string | undefined;
  for (let wanted = range.limit; wanted > 0;) {
    const limit = Math.min(wanted, pageRows) + (previousId === undefined ? 0 : 1);
    const { rows } = await allDocs({
      ...options,
      ...(start === undefined ? {} : { startkey: start }),
      limit,
      skip,
    });
    const fresh = rows[0] !== undefined && rows[0].id === previousId ? rows.slice(1) : rows;
    if (fresh.length > 0) yield fresh.slice(0, wanted);
    if (rows.length < limit) return;
    wanted -= fresh.length;
    skip = 0;
    previousId = start = fresh.at(-1)?.id;
  }
}

export async function* readRowsByKey(
  keys: unknown[],
  options: RowOptions,
  allDocs: AllDocs,
): AsyncGenerator<PouchRow[]> {
  for (let from = 0; from < keys.length; from += pageRows) {
    const page = keys.slice(from, from + pageRows);
    const ids = page.filter(isDocumentId);
    const { rows } =
      ids.length === 0 ? { rows: [] } : await allDocs({ ...toPouchOptions(options), keys: ids });
    const found = rows.values();
    yield page.map((key) => (isDocumentId(key) ? found.next().value : undefined) ?? missingRow(key));
  }
}

function isDocumentId(key: unknown): key is string {
  return typeof key === 'string' && key !== '';
}

function missingRow(key: unknown): PouchRow {
  return { key, error: 'not_found' } as PouchRow;
}

function toPouchOptions({ includeDocs, conflicts, attachments }: RowOptions): PouchAllDocsOptions {
  return { include_docs: includeDocs, conflicts, attachments };
}
