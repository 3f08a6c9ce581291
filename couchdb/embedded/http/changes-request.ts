import type { PouchDocument } from 'pouchdb-core';
import { badRequest, notImplemented } from '../couch-error.ts';
import { isDesignId } from '../documents/document.ts';
import type { JsonObject } from '../json-object.ts';
import { parseSelector } from '../mango/selector.ts';
import type { Database } from '../storage/database.ts';
import type { DocumentEntry } from '../storage/document-entry.ts';
import { parseSequence } from '../storage/sequence.ts';
import { booleanOf, jsonOf } from './query.ts';

const feeds = ['normal', 'longpoll', 'continuous', 'eventsource'] as const;
const defaultTimeoutMs = 60_000;

export interface ChangesRequest {
  feed: (typeof feeds)[number];
  since: number;
  limit: number;
  descending: boolean;
  includeDocs: boolean;
  conflicts: boolean;
  attachments: boolean;
  /** All leaves of a document or its winner only. */
  allLeaves: boolean;
  /** Sent so often while there is nothing else; without it the feed ends when its time is over. */
  heartbeatMs: number | undefined;
  timeoutMs: number;
  filter: ChangesFilter;
}

/** What of a change is told: whole documents by their id, or revisions by what is in them. */
export type ChangesFilter =
  { accepts: (entry: DocumentEntry) => boolean } | { matches: (body: PouchDocument) => boolean };

/** Reads a `_changes` request; `body` is that of a POST. */
export function parseChangesRequest(
  query: URLSearchParams,
  body: JsonObject,
  lastEventId: string | undefined,
  database: Database,
): ChangesRequest {
  const feed = parseFeed(query.get('feed') ?? 'normal');
  const resumed = feed === 'eventsource' ? lastEventId : undefined;
  const since = resumed ?? query.get('since') ?? query.get('last-event-id') ?? '0';
  const heartbeat = query.get('heartbeat');
  const includeDocs = booleanOf(query, 'include_docs');
  return {
    feed,
    since: since === 'now' ? database.changes.updateSequence : parseSequence(since, database.uuid),
    limit: integerOf(query, 'limit', 0, Infinity),
    descending: booleanOf(query, 'descending'),
    includeDocs,
    conflicts: includeDocs && booleanOf(query, 'conflicts'),
    attachments: includeDocs && booleanOf(query, 'attachments'),
    allLeaves: query.get('style') === 'all_docs',
    heartbeatMs:
      heartbeat === 'true'
        ? defaultTimeoutMs
        : heartbeat === null || heartbeat === 'false'
          ? undefined
          : integerOf(query, 'heartbeat', 1, defaultTimeoutMs),
    timeoutMs: Math.min(integerOf(query, 'timeout', 0, defaultTimeoutMs), defaultTimeoutMs),
    filter: parseFilter(query, body),
  };
}

function parseFeed(name: string): ChangesRequest['feed'] {
  const feed = feeds.find((candidate) => candidate === (name === 'live' ? 'continuous' : name));
  if (feed === undefined)
    throw badRequest('Supported `feed` types: normal, continuous, live, longpoll, eventsource');
  return feed;
}

function integerOf(query: URLSearchParams, name: string, least: number, fallback: number): number {
  const value = query.get(name);
  if (value === null) return fallback;
  const number = Number(value);
  if (!/^\d{1,15}$/.test(value) || number < least)
    throw badRequest(`The ${name} value should be an integer of at least ${least}`);
  return number;
}

function parseFilter(query: URLSearchParams, body: JsonObject): ChangesFilter {
  const filter = query.get('filter');
  const docIds = body['doc_ids'] ?? jsonOf(query, 'doc_ids');
  switch (filter) {
    case null:
      return { accepts: () => true };
    case '_doc_ids': {
      if (!Array.isArray(docIds)) throw badRequest('`doc_ids` parameter is not a JSON array.');
      const wanted = new Set<unknown>(docIds);
      return { accepts: ({ id }) => wanted.has(id) };
    }
    case '_selector':
      return { matches: parseSelector(body['selector']) };
    case '_design':
      return { accepts: ({ id }) => isDesignId(id) };
    default:
      throw notImplemented('Functions of design documents are never run here.');
  }
}
