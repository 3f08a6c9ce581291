/**
 * Mango indexes, kept in design documents as CouchDB keeps them, so that they replicate. Here an index is a promise, not
 * a structure on disk: what has one can be sorted by; every query reads the primary index.
 */
import { createHash } from 'node:crypto';
import type { PouchDocument } from 'pouchdb-core';
import { badRequest, CouchError } from '../couch-error.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import type { Database } from '../storage/database.ts';

export type SortField = Record<string, 'asc' | 'desc'>;

export interface IndexDefinition {
  ddoc: string;
  name: string;
  fields: SortField[];
}

const language = 'query';

export async function listIndexes(database: Database): Promise<IndexDefinition[]> {
  const indexes: IndexDefinition[] = [];
  const range = { startKey: '_design/', endKey: '_design0', inclusiveEnd: false, descending: false };
  const options = { withBodies: true, limit: Infinity, skip: 0 };
  for await (const rows of database.rows({ ...range, ...options }))
    for (const { body } of rows) if (body) indexes.push(...indexesOf(body));
  return indexes;
}

/** Reads an index to be made; its names come from what it indexes when none are given. */
export function parseIndex({ index, name, ddoc, type = 'json' }: JsonObject): IndexDefinition {
  if (!isObject(index)) throw missingKey('index');
  if (type !== 'json') throw badRequest(`Indexes of type ${JSON.stringify(type)} are not kept here`);
  if (!Array.isArray(index['fields']) || index['fields'].length === 0) throw missingKey('fields');
  const fields = index['fields'].map(parseSortField);
  const digest = createHash('sha1').update(JSON.stringify(fields)).digest('hex');
  return {
    fields,
    name: typeof name === 'string' ? name : digest,
    ddoc: `_design/${typeof ddoc === 'string' ? ddoc.replace(/^_design\//, '') : digest}`,
  };
}

export function parseSortField(field: unknown): SortField {
  if (typeof field === 'string') return { [field]: 'asc' };
  const [entry, ...others] = isObject(field) ? Object.entries(field) : [];
  const [name, direction] = entry ?? [];
  if (name === undefined || others.length > 0 || (direction !== 'asc' && direction !== 'desc'))
    throw new CouchError(400, 'invalid_sort_field', `Invalid sort field: ${JSON.stringify(field)}`);
  return { [name]: direction };
}

/** The design document with the index in it. */
export function withIndex(ddoc: PouchDocument | undefined, { ddoc: id, name, fields }: IndexDefinition) {
  const map = { fields: Object.assign({}, ...fields) as JsonObject, partial_filter_selector: {} };
  const view = { map, reduce: '_count', options: { def: { fields } } };
  return { ...ddoc, _id: id, language, views: { ...viewsOf(ddoc), [name]: view } };
}

/** The design document without the index, deleted when that was its last. */
export function withoutIndex(ddoc: PouchDocument, name: string) {
  const views = Object.fromEntries(Object.entries(viewsOf(ddoc)).filter(([view]) => view !== name));
  return Object.keys(views).length > 0
    ? { ...ddoc, views }
    : { _id: ddoc._id, _rev: ddoc._rev, _deleted: true };
}

export function missingKey(key: string): CouchError {
  return new CouchError(400, 'missing_required_key', `Missing required key: ${key}`);
}

function indexesOf(ddoc: PouchDocument): IndexDefinition[] {
  if (ddoc['language'] !== language) return [];
  return Object.entries(viewsOf(ddoc)).flatMap(([name, view]) => {
    const map = isObject(view) ? view['map'] : undefined;
    const fields = isObject(map) && isObject(map['fields']) ? Object.entries(map['fields']) : [];
    return fields.length === 0
      ? []
      : [
          {
            ddoc: ddoc._id,
            name,
            fields: fields.map(([field, direction]) => parseSortField({ [field]: direction })),
          },
        ];
  });
}

function viewsOf(ddoc: PouchDocument | undefined): JsonObject {
  const views = ddoc?.['views'];
  return isObject(views) ? views : {};
}
