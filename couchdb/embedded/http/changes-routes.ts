import { Router } from 'express';
import { badRequest } from '../couch-error.ts';
import { refuseDesignCode } from '../documents/design-code.ts';
import { describeDocument } from '../documents/read-document.ts';
import { isObject } from '../json-object.ts';
import type { Database } from '../storage/database.ts';
import type { Databases } from '../storage/databases.ts';
import { formatSequence } from '../storage/sequence.ts';
import type { DocumentState } from '../storage/stored-documents.ts';
import { databaseRouteOf, type DatabaseCall } from './call.ts';
import { changesFormat, type ChangesFormat } from './changes-format.ts';
import { parseChangesRequest, type ChangesRequest } from './changes-request.ts';
import { methodNotAllowed } from './errors.ts';
import { declaredJsonBody } from './json-body.ts';
import { JsonStream } from './json-stream.ts';

const maxDescending = 10_000;

/** What has happened in a database since a place in it, once or for as long as the client listens. */
export function changesRoutes({ databases }: { databases: Databases }): Router {
  const router = Router();
  const route = databaseRouteOf(databases);
  router
    .route('/:db/_changes')
    .get(route(sendChanges))
    .post(declaredJsonBody, route(sendChanges))
    .all(methodNotAllowed('GET,POST,HEAD'));
  return router;
}

async function sendChanges(call: DatabaseCall): Promise<void> {
  const { database, query, request, response, signal } = call;
  const [design, filterFunction] = query.get('filter')?.split('/') ?? [];
  if (design !== undefined && filterFunction !== undefined) await refuseDesignCode(database, design);
  const body: unknown = request.body;
  const lastEventId = request.headers['last-event-id'];
  const wanted = parseChangesRequest(
    query,
    isObject(body) ? body : {},
    typeof lastEventId === 'string' ? lastEventId : undefined,
    database,
  );
  const stream = new JsonStream(response, signal);
  const format = changesFormat(wanted.feed);
  if (wanted.descending) return sendDescending(stream, format, database, wanted);

  await stream.start(format.head);
  const { lastSequence, pending } = await follow(stream, format, database, wanted, signal);
  stream.end(format.tail(formatSequence(lastSequence, database.uuid), pending));
}

/** Sends page after page; where there is no more, waits if the feed is a live one. Tells where it ended. */
async function follow(
  stream: JsonStream,
  format: ChangesFormat,
  database: Database,
  wanted: ChangesRequest,
  signal: AbortSignal,
): Promise<{ lastSequence: number; pending: number }> {
  const { feed, heartbeatMs, timeoutMs, limit } = wanted;
  let since = wanted.since;
  // A filter can leave out all of a long way: who listens is told meanwhile that the feed goes on.
  let flushedAt = Date.now();
  let sentAtFlush = 0;
  for (let sent = 0; sent < limit && !signal.aborted;) {
    const page = await database.changes.read(since, limit - sent);
    for (const change of await select(page.states, database, wanted)) {
      await stream.write(format.row(await toRow(change, database, wanted), sent === 0));
      sent += 1;
    }
    since = page.lastSequence;
    if (heartbeatMs !== undefined && Date.now() - flushedAt >= heartbeatMs) {
      await stream.flush(sent > sentAtFlush ? '' : format.heartbeat);
      [flushedAt, sentAtFlush] = [Date.now(), sent];
    }
    if (!page.atEnd || sent >= limit) continue;
    if (feed === 'normal' || (feed === 'longpoll' && sent > 0)) return { lastSequence: since, pending: 0 };

    await stream.flush();
    let outcome = await database.changes.wait(since, heartbeatMs ?? timeoutMs, signal);
    while (outcome === 'timeout' && heartbeatMs !== undefined) {
      await stream.flush(format.heartbeat);
      outcome = await database.changes.wait(since, heartbeatMs, signal);
    }
    [flushedAt, sentAtFlush] = [Date.now(), sent];
    if (outcome !== 'written') return { lastSequence: since, pending: 0 };
  }
  return { lastSequence: since, pending: signal.aborted ? 0 : await database.countPending(since) };
}

async function sendDescending(
  stream: JsonStream,
  format: ChangesFormat,
  database: Database,
  wanted: ChangesRequest,
): Promise<void> {
  if (wanted.feed !== 'normal') throw badRequest('`descending` is for the normal feed');
  const { limit } = wanted;
  if (limit > maxDescending) throw badRequest(`\`descending\` needs a \`limit\` of at most ${maxDescending}`);
  const changes = await select(await database.latestChanges(limit), database, wanted);
  await stream.start(format.head);
  for (const [index, change] of changes.entries())
    await stream.write(format.row(await toRow(change, database, wanted), index === 0));
  stream.end(format.tail(formatSequence(changes.at(-1)?.state.entry.sequence ?? 0, database.uuid), 0));
}

/** A document that has changed, and the leaves of it that are told. */
interface Change {
  state: DocumentState;
  revs: string[];
}

/** What the filter lets through: as in CouchDB, each leaf for itself, by its own body, when all are asked for. */
async function select(
  states: DocumentState[],
  database: Database,
  { filter, allLeaves }: ChangesRequest,
): Promise<Change[]> {
  const changes: Change[] = [];
  for (const state of states) {
    const { entry, body } = state;
    const losers = allLeaves ? entry.losers.map(({ rev }) => rev) : [];
    if ('accepts' in filter) {
      if (filter.accepts(entry)) changes.push({ state, revs: [entry.winner, ...losers] });
      continue;
    }
    const bodies = await database.bodies(losers.map((rev) => ({ entry, rev })));
    const matching = losers.filter((_, index) => {
      const loser = bodies[index];
      return loser !== undefined && filter.matches(loser);
    });
    const revs = [...(filter.matches(body) ? [entry.winner] : []), ...matching];
    if (revs.length > 0) changes.push({ state, revs });
  }
  return changes;
}

async function toRow({ state: { entry, body }, revs }: Change, database: Database, wanted: ChangesRequest) {
  const { id, sequence, deleted } = entry;
  return {
    seq: formatSequence(sequence, database.uuid),
    id,
    changes: revs.map((rev) => ({ rev })),
    ...(deleted ? { deleted } : {}),
    ...(wanted.includeDocs ? { doc: await describeDocument(database, entry, body, wanted) } : {}),
  };
}
