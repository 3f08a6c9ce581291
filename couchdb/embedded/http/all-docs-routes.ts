import { Router } from 'express';
import type { PouchRow } from 'pouchdb-core';
import { badRequest, queryParseError } from '../couch-error.ts';
import { isObject } from '../json-object.ts';
import type { Databases } from '../storage/databases.ts';
import type { DocumentRange } from '../storage/document-rows.ts';
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
  range: DocumentRange;
  updateSequence: boolean;
}

async function writeRows(
  stream: JsonStream,
  { database }: DatabaseCall,
  { keys, range, updateSequence }: Selection,
): Promise<void> {
  const { limit, skip } = range;
  const offset = keys === undefined && range.startKey === undefined ? skip : null; // else it would have to be counted
  const place = updateSequence ? `"update_seq":"${database.sequence}",` : '';
  await stream.write(`{"total_rows":${database.documentCount},"offset":${offset},${place}"rows":[`);
  const selected = keys?.slice(skip, skip + limit);
  const pages =
    selected === undefined
      ? database.rows(range)
      : database.rowsByKey(range.descending ? selected.toReversed() : selected, range);
  let separator = '\n';
  for await (const rows of pages)
    for (const row of rows) {
      await stream.write(separator + JSON.stringify(toRow(row, range.includeDocs)));
      separator = ',\n';
    }
  await stream.write('\n]}');
}

function toRow(row: PouchRow, includeDocs: boolean) {
  const { doc, ...rest } = row;
  if (!doc) return includeDocs && row.error === undefined ? { ...rest, doc: null } : rest;
  const { _id, _rev, ...content } = doc;
  return { ...rest, doc: { _id, _rev, ...content } };
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
  const range: DocumentRange = {
    descending,
    inclusiveEnd: flag(parameters, 'inclusive_end', true),
    includeDocs: flag(parameters, 'include_docs', false),
    conflicts: flag(parameters, 'conflicts', false),
    attachments: flag(parameters, 'attachments', false),
    limit: isEmptyRange(start, end, descending) ? 0 : count(parameters, 'limit', Infinity),
    skip: count(parameters, 'skip', 0),
    ...(typeof start === 'string' && start !== '' ? { startKey: start } : {}),
    ...(typeof end === 'string' && end !== '' ? { endKey: end } : {}),
  };
  return { keys, range, updateSequence: flag(parameters, 'update_seq', false) };
}

/** An end of another type comes before all ids, unless it is a list or an object. */
function isEmptyRange(start: unknown, end: unknown, descending: boolean): boolean {
  const [low, high] = descending ? [end, start] : [start, end];
  if (typeof high === 'string') return high === '' || (typeof low === 'string' && low > high);
  return high === null || typeof high === 'boolean' || typeof high === 'number';
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
