import { Router } from 'express';
import { badRequest, queryParseError } from '../couch-error.ts';
import { describeDocument, type ReadOptions } from '../documents/read-document.ts';
import { isObject } from '../json-object.ts';
import type { Database, DocumentRow, RowRange } from '../storage/database.ts';
import type { Databases } from '../storage/databases.ts';
import { databaseRouteOf, type DatabaseCall } from './call.ts';
import { methodNotAllowed } from './errors.ts';
import { declaredJsonBody, objectBody } from './json-body.ts';
import { JsonStream } from './json-stream.ts';

/** What one reading of the primary index asks for: parameters as CouchDB names them. */
type Parameters = Record<string, unknown>;

const designRange = { startkey: '_design/', endkey: '_design0', inclusive_end: false };
const jsonParameters = new Set(['key', 'keys', 'startkey', 'start_key', 'endkey', 'end_key']);

/** Reading the primary index: `_all_docs`, several of them in one request, and `_design_docs`. */
export function allDocsRoutes({ databases }: { databases: Databases }): Router {
  const router = Router();
  const route = databaseRouteOf(databases);

  for (const { path, fixed } of [
    { path: '/:db/_all_docs', fixed: {} },
    { path: '/:db/_design_docs', fixed: designRange },
  ]) {
    router
      .route(path)
      .get(route((call) => sendOne(call, { ...queryParameters(call.query), ...fixed })))
      .post(
        declaredJsonBody,
        route((call) =>
          sendOne(call, { ...queryParameters(call.query), ...objectBody(call.request), ...fixed }),
        ),
      )
      .all(methodNotAllowed('GET,HEAD,POST'));
    router
      .route(`${path}/queries`)
      .post(
        declaredJsonBody,
        route((call) => sendSeveral(call, fixed)),
      )
      .all(methodNotAllowed('POST'));
  }
  return router;
}

async function sendOne(call: DatabaseCall, parameters: Parameters): Promise<void> {
  const selection = parseSelection(parameters);
  const stream = new JsonStream(call.response, call.signal);
  await stream.start();
  await writeRows(stream, call, selection);
  stream.end('\n');
}

async function sendSeveral(call: DatabaseCall, fixed: Parameters): Promise<void> {
  const { queries } = objectBody(call.request);
  if (!Array.isArray(queries)) throw badRequest('POST body must include `queries` parameter.');
  const selections = queries.map((query: unknown) => {
    if (!isObject(query)) throw badRequest('a query must be a JSON object');
    return parseSelection({ ...query, ...fixed });
  });
  const stream = new JsonStream(call.response, call.signal);
  await stream.start('{"results":[');
  for (const [index, selection] of selections.entries()) {
    if (index > 0) await stream.write(',');
    await writeRows(stream, call, selection);
  }
  stream.end(']}\n');
}

interface Selection {
  keys: unknown[] | undefined;
  range: RowRange;
  options: ReadOptions;
  updateSequence: boolean;
}

async function writeRows(
  stream: JsonStream,
  { database }: DatabaseCall,
  selection: Selection,
): Promise<void> {
  const { keys, range, updateSequence } = selection;
  const offset = keys === undefined && range.startKey === undefined ? range.skip : null; // else it would have to be counted
  const place = updateSequence ? `"update_seq":"${database.sequence}",` : '';
  await stream.write(`{"total_rows":${database.documentCount},"offset":${offset},${place}"rows":[`);
  let separator = '\n';
  for await (const rows of keys === undefined
    ? rangeRows(database, selection)
    : keyRows(database, keys, selection))
    for (const row of rows) {
      await stream.write(separator + JSON.stringify(row));
      separator = ',\n';
    }
  await stream.write('\n]}');
}

async function* rangeRows(database: Database, { range, options }: Selection): AsyncGenerator<object[]> {
  for await (const rows of database.rows(range))
    yield await Promise.all(rows.map((row) => toRow(database, row, row.entry.id, range.withBodies, options)));
}

/** One row per key and in their order. */
async function* keyRows(
  database: Database,
  keys: unknown[],
  { range, options }: Selection,
): AsyncGenerator<object[]> {
  const { skip, limit, descending, withBodies } = range;
  const selected = keys.slice(skip, skip + limit);
  const ordered = descending ? selected.toReversed() : selected;
  const ids = ordered.map((key) => (typeof key === 'string' ? key : ''));
  const asked = ordered.values();
  for await (const rows of database.rowsOf(ids, withBodies))
    yield await Promise.all(
      rows.map(async (row) => {
        const key: unknown = asked.next().value;
        return row === undefined
          ? { key, error: 'not_found' }
          : toRow(database, row, key, withBodies, options);
      }),
    );
}

async function toRow(
  database: Database,
  { entry, body }: DocumentRow,
  key: unknown,
  withBody: boolean,
  options: ReadOptions,
) {
  const { id, winner: rev, deleted } = entry;
  if (deleted) return { id, key, value: { rev, deleted }, ...(withBody ? { doc: null } : {}) };
  if (!withBody) return { id, key, value: { rev } };
  const doc = body === undefined ? null : await describeDocument(database, entry, body, options);
  return { id, key, value: { rev }, doc };
}

function queryParameters(query: URLSearchParams): Parameters {
  return Object.fromEntries(
    [...query].map(([name, value]) => [name, jsonParameters.has(name) ? parseJson(value) : value]),
  );
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw badRequest('invalid UTF-8 JSON');
  }
}

function parseSelection(parameters: Parameters): Selection {
  const { keys, key } = parameters;
  if (keys !== undefined && !Array.isArray(keys)) throw badRequest('`keys` parameter must be an array.');
  const descending = flag(parameters, 'descending', false);
  const start = [key, parameters['startkey'], parameters['start_key']].find((value) => value !== undefined);
  const end = [key, parameters['endkey'], parameters['end_key']].find((value) => value !== undefined);
  return {
    keys,
    range: {
      startKey: typeof start === 'string' ? start : undefined,
      endKey: typeof end === 'string' ? end : undefined,
      inclusiveEnd: flag(parameters, 'inclusive_end', true),
      descending,
      limit: isBeforeAllIds(descending ? start : end) ? 0 : count(parameters, 'limit', Infinity),
      skip: count(parameters, 'skip', 0),
      withBodies: flag(parameters, 'include_docs', false),
    },
    options: {
      conflicts: flag(parameters, 'conflicts', false),
      attachments: flag(parameters, 'attachments', false),
    },
    updateSequence: flag(parameters, 'update_seq', false),
  };
}

/** Keys of another type than text come before all ids, unless they are lists or objects. */
function isBeforeAllIds(key: unknown): boolean {
  return key === null || typeof key === 'boolean' || typeof key === 'number';
}

function flag(parameters: Parameters, name: string, fallback: boolean): boolean {
  const value = parameters[name];
  if (value === undefined) return fallback;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw queryParseError(`Invalid boolean parameter: ${JSON.stringify(value)}`);
}

function count(parameters: Parameters, name: string, fallback: number): number {
  const value = parameters[name];
  if (value === undefined) return fallback;
  if ((typeof value === 'string' || typeof value === 'number') && /^\d{1,15}$/.test(String(value)))
    return Number(value);
  throw queryParseError(`Invalid value for positive integer: ${JSON.stringify(value)}`);
}
