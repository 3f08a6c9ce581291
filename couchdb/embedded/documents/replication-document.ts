/** What a `_replicator` document or a `_replicate` request asks for. */
import { badRequest, forbidden, toCouchError } from '../couch-error.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import { isDesignId } from './document.ts';
import type { WritePolicy } from './policy.ts';

/** One end of a replication: a database and how to be let in. */
export interface ReplicationEnd {
  /** Without credentials, with the slash at the end. */
  url: string;
  /** Of every request, credentials included. */
  headers: Record<string, string>;
}

export interface ReplicationRequest {
  source: ReplicationEnd;
  target: ReplicationEnd;
  continuous: boolean;
  createTarget: boolean;
  checkpointIntervalMs: number;
  /** How many changes are copied at a time. */
  batchSize: number;
  /** How the source is asked for some of its changes only; undefined for all. */
  filter: ChangesFilter | undefined;
}

const defaultCheckpointIntervalMs = 5_000;
const defaultBatchSize = 500;

export interface ChangesFilter {
  query: Record<string, string>;
  body: JsonObject;
}

/** Reads a request; throws a CouchError that says what is wrong with it. */
export function parseReplication(value: JsonObject): ReplicationRequest {
  const { source, target, continuous, create_target, checkpoint_interval, worker_batch_size } = value;
  return {
    source: parseEnd(source),
    target: parseEnd(target),
    continuous: parseFlag(continuous, 'continuous'),
    createTarget: parseFlag(create_target, 'create_target'),
    checkpointIntervalMs: parseCount(
      checkpoint_interval ?? defaultCheckpointIntervalMs,
      'checkpoint_interval',
      'milliseconds',
    ),
    batchSize: parseCount(worker_batch_size ?? defaultBatchSize, 'worker_batch_size', 'changes'),
    filter: parseFilter(value),
  };
}

/** A document that cannot be understood is turned down when it is written. */
export const checkReplication: WritePolicy = (document, { user }, mode) => {
  const isJob = !isDesignId(document._id) && document['_deleted'] !== true;
  if (!isJob || mode === 'replicate' || document['_replication_state'] === 'failed') return document;
  try {
    parseReplication(document);
  } catch (failure) {
    throw forbidden(toCouchError(failure).reason);
  }
  return { ...document, owner: document['owner'] ?? user.name };
};

function parseEnd(value: unknown): ReplicationEnd {
  if (value === undefined) throw badRequest('Missing replicator database');
  const { url: address, auth, headers } = isObject(value) ? value : { url: value };
  if (typeof address !== 'string' || !URL.canParse(address)) throw badRequest('endpoint has an invalid url');
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw badRequest('endpoint has an invalid url');
  const credentials = parseCredentials(url, auth);
  url.username = url.password = url.search = url.hash = '';
  return {
    url: url.href.replace(/\/*$/, '/'),
    headers: {
      ...lowerCaseNames(parseTexts(headers)),
      ...(credentials === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
  };
}

function parseCredentials(url: URL, auth: unknown): string | undefined {
  const basic = isObject(auth) ? auth['basic'] : undefined;
  if (isObject(basic) && typeof basic['username'] === 'string' && typeof basic['password'] === 'string')
    return `${basic['username']}:${basic['password']}`;
  if (url.username === '') return undefined;
  return `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
}

function parseTexts(values: unknown): Record<string, string> {
  if (!isObject(values)) return {};
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

function lowerCaseNames(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function parseFlag(value: unknown, name: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw badRequest(`parameter \`${name}\` must be a boolean`);
  return value;
}

function parseCount(value: unknown, name: string, of: string): number {
  if (!Number.isInteger(value) || Number(value) <= 0)
    throw badRequest(`parameter \`${name}\` must be a number of ${of}`);
  return Number(value);
}

function parseFilter({ doc_ids, selector, filter, query_params }: JsonObject): ChangesFilter | undefined {
  const given = [doc_ids, selector, filter].filter((value) => value !== undefined && value !== null);
  if (given.length > 1) throw badRequest('`doc_ids`,`filter`,`selector` are mutually exclusive');
  if (isObject(selector)) return { query: { filter: '_selector' }, body: { selector } };
  if (Array.isArray(doc_ids)) return { query: { filter: '_doc_ids' }, body: { doc_ids } };
  if (typeof filter === 'string') return { query: { ...parseTexts(query_params), filter }, body: {} };
  if (given.length > 0)
    throw badRequest('`doc_ids` must be an array, `selector` an object, `filter` a string');
  return undefined;
}
