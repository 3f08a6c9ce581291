import type { PouchDocument } from 'pouchdb-core';
import { createFieldSorter, getFieldFromDoc, parseField, setFieldInDoc } from 'pouchdb-selector-core';
import { badRequest, CouchError } from '../couch-error.ts';
import { isDesignId } from '../documents/document.ts';
import { presentDocument } from '../documents/present-document.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import type { Database, RowRange } from '../storage/database.ts';

import { listIndexes, missingKey, parseSortField, type SortField } from './index-definition.ts';
import { parseSelector } from './selector.ts';

export interface FindResult {
  docs: JsonObject[];
  /** Give it with the same request to get what comes next. */
  bookmark: string;
}

interface FindRequest {
  range: RowRange;
  matches: (document: object) => boolean;
  sort: SortField[];
  fields: string[] | undefined;
  limit: number;
  skip: number;
}

const defaultLimit = 25;
/** Sorting holds all that match in memory. */
const maxSorted = 10_000;

/** Answers a Mango query from the primary index, of which it reads no more than the selector's `_id` asks for. */
export async function find(database: Database, body: JsonObject): Promise<FindResult> {
  const request = parseFind(body);
  if (request.sort.length > 0) await requireIndex(database, request.sort);
  const { limit, skip, fields } = request;
  const found = await (request.sort.length > 0 ? collectSorted : collect)(database, request);
  const docs = found.slice(skip, skip + limit);
  return {
    docs: fields === undefined ? docs : docs.map((document) => pick(document, fields)),
    bookmark: Buffer.from(String(skip + docs.length)).toString('base64url'),
  };
}

function parseFind({
  selector,
  sort = [],
  fields,
  limit = defaultLimit,
  skip = 0,
  bookmark,
}: JsonObject): FindRequest {
  if (selector === undefined) throw missingKey('selector');
  if (!isCount(limit) || !isCount(skip)) throw badRequest('`limit` and `skip` must be non-negative integers');
  if (!Array.isArray(sort))
    throw new CouchError(400, 'invalid_sort_json', 'Sort must be an array of sort specs');
  if (fields !== undefined && !(Array.isArray(fields) && fields.every((field) => typeof field === 'string')))
    throw new CouchError(400, 'invalid_fields_json', 'Fields must be an array of strings');
  return {
    matches: parseSelector(selector),
    range: rangeOf(selector as JsonObject),
    sort: sort.map(parseSortField),
    fields,
    limit,
    skip: parseBookmark(bookmark) ?? skip,
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function parseBookmark(bookmark: unknown): number | undefined {
  if (bookmark === undefined || bookmark === '' || bookmark === 'nil') return undefined;
  const place =
    typeof bookmark === 'string' ? Number(Buffer.from(bookmark, 'base64url').toString()) : Number.NaN;
  if (!isCount(place)) throw new CouchError(400, 'invalid_bookmark', 'Invalid bookmark value');
  return place;
}

/** The part of the primary index that can hold what the selector asks for. */
function rangeOf({ _id }: JsonObject): RowRange {
  const bounds: JsonObject = isObject(_id) ? _id : { $eq: _id };
  const start = [bounds['$eq'], bounds['$gte'], bounds['$gt']].find((bound) => typeof bound === 'string');
  const end = [bounds['$eq'], bounds['$lte'], bounds['$lt']].find((bound) => typeof bound === 'string');
  return {
    descending: false,
    inclusiveEnd: true,
    withBodies: true,
    limit: Infinity,
    skip: 0,
    startKey: typeof start === 'string' ? start : undefined,
    endKey: typeof end === 'string' ? end : undefined,
  };
}

async function requireIndex(database: Database, sort: SortField[]): Promise<void> {
  const wanted = namesOf(sort);
  if (wanted.join() === '_id') return;
  const indexes = await listIndexes(database);
  if (indexes.some(({ fields }) => wanted.every((name, place) => namesOf(fields)[place] === name))) return;
  throw new CouchError(
    400,
    'no_usable_index',
    'No index exists for this sort, try indexing by the sort fields.',
  );
}

function namesOf(fields: SortField[]): string[] {
  return fields.flatMap(Object.keys);
}

async function collect(
  database: Database,
  { range, matches, limit, skip }: FindRequest,
): Promise<PouchDocument[]> {
  const found: PouchDocument[] = [];
  for await (const document of documents(database, range)) {
    if (found.length >= skip + limit) break;
    if (matches(document)) found.push(document);
  }
  return found;
}

/** Documents without one of the fields are in no index of it, and so are not found. */
async function collectSorted(
  database: Database,
  { range, matches, sort }: FindRequest,
): Promise<PouchDocument[]> {
  const fields = namesOf(sort).map(parseField);
  const rows: { doc: PouchDocument }[] = [];
  for await (const doc of documents(database, range)) {
    if (!matches(doc) || fields.some((field) => getFieldFromDoc(doc, field) === undefined)) continue;
    if (rows.push({ doc }) > maxSorted) throw badRequest(`More than ${maxSorted} documents to sort`);
  }
  rows.sort(createFieldSorter(sort));
  if (Object.values(sort[0] ?? {})[0] === 'desc') rows.reverse();
  return rows.map(({ doc }) => doc);
}

async function* documents(database: Database, range: RowRange): AsyncGenerator<PouchDocument> {
  for await (const rows of database.rows(range))
    for (const { body } of rows) if (body && !isDesignId(body._id)) yield presentDocument(body);
}

function pick(document: PouchDocument, fields: string[]): JsonObject {
  const picked: JsonObject = {};
  for (const field of fields.map(parseField)) {
    const value = getFieldFromDoc(document, field);
    if (value !== undefined) setFieldInDoc(picked, field, value);
  }
  return picked;
}
