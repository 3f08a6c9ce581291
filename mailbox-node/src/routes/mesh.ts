import { LIMITS, bucketKindOf } from '@restante/protocol';
import {
  CouchError,
  couchRequest,
  hasStatus,
  jsonBody,
  methodNotAllowed,
  parseInput,
  ServiceError,
  type CouchAddress,
  type CouchServer,
} from '@restante/service-kit';
import type { Express, Request, RequestHandler, Response } from 'express';
import { createHash, timingSafeEqual } from 'node:crypto';
import { finished, pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { carriedChanges } from '../couch/carried-changes.ts';
import type { Passage } from '../couch/passage.ts';
import type { StoreRoom } from '../couch/store-room.ts';
import { MESH_REFUSALS, meshRefusal, type CarriedDocument, type MeshRefusal } from '../mesh/mesh-rule.ts';
import type { Pace } from '../mesh/pace.ts';
import type { RefusedWrites } from '../mesh/refused-writes.ts';

/**
 * The gate of the mesh: CouchDB's replicator reads at the other nodes' gates (`/mesh/out`) and writes at its own (`/mesh/in`), each
 * what replication needs and nothing else, in buckets alone. So no CouchDB has a user for anybody but its own node.
 */
export type MeshGate = {
  /** With whose credentials the others' pulls read here. */
  readonly reader: Credentials;
  /** With whose credentials this node's own pulls write here. */
  readonly writer: Credentials;
  /** For what the own pulls write. */
  readonly server: CouchServer;
  /** For what the others read, and for feeds: they hold up nobody but each other. */
  readonly readers: { readonly passage: Passage; readonly feeds: Passage };
  /** For what the own pulls ask. */
  readonly passage: Passage;
  readonly room: StoreRoom;
  readonly isBucket: (database: string) => boolean;
  readonly refusedWrites: RefusedWrites;
  /** How long a few new documents are waited for before it is told that they are missing here, in milliseconds. */
  readonly patienceMs: number;
  /** Of parts of blobs that others read; null: as fast as they come. */
  readonly blobPace: Pace | null;
  /** Ends the feeds. */
  readonly closing: AbortSignal;
};
type Credentials = Pick<CouchAddress, 'username' | 'password'>;

/** Of a question about documents. */
const QUESTION_BYTES = 4 * 1024 * 1024;
/** Of a place that a replication keeps, with its history. */
const PLACE_BYTES = 256 * 1024;
/** Of a page. */
const MOST_CHANGES = 2_000;
/** More are a pull that catches up. */
const FEW = 100;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Lets only the holder of these credentials pass, before a body is read. */
const requireCredentials = ({ username, password }: Credentials): RequestHandler => {
  const expected = digest(`${username}:${password}`);
  return (request, _response, next) => {
    const [, given = ''] = /^Basic ([A-Za-z0-9+/=]{1,1024})$/.exec(request.get('authorization') ?? '') ?? [];
    if (!timingSafeEqual(digest(Buffer.from(given, 'base64').toString()), expected)) {
      throw new ServiceError('unauthorized', 'these are not the credentials of the mesh');
    }
    next();
  };
};

const continuous = z.object({ feed: z.literal('continuous'), since: z.string().default('0') });
/** Replicators ask for none, to learn how many there are; nodes for pages (`mesh-keeper.ts`). */
const page = z.object({
  limit: z.coerce.number().int().min(0).max(MOST_CHANGES),
  since: z.string().default('0'),
});
/** What nodes ask each other of half uploads (`half-uploads.ts`). */
const asked = z.strictObject({ keys: z.array(z.string()).max(LIMITS.blobParts) });
/** CouchDB fails over a question that is none. */
const wanted = z.looseObject({ docs: z.array(z.looseObject({ id: z.string() })) });
const revisions = z.record(z.string(), z.array(z.string()));
const carried = z.object({
  new_edits: z.literal(false),
  /** One without an id is refused like any other that is none of ours: it holds up nothing beside it. */
  docs: z.array(z.looseObject({ _id: z.string().catch('') })),
});

const failures = z.array(z.looseObject({ id: z.string() }));

/** Adds the gate's routes. */
export const openMeshGate = (app: Express, gate: MeshGate): void => {
  const outward = gate.readers.passage;
  const databaseOf = (request: Request): string => {
    const database = String(request.params['database']);
    if (!gate.isBucket(database)) throw new ServiceError('not-found', 'no such bucket');
    return database;
  };

  /** `rest`: the path below the database. */
  const pass = (through: Passage, request: Request, response: Response, rest: string): Promise<void> => {
    const query = request.originalUrl.split('?')[1];
    const path = `/${encodeURIComponent(databaseOf(request))}${rest}${query === undefined ? '' : `?${query}`}`;
    return through.pass(
      {
        method: request.method as 'GET',
        path,
        accept: request.get('accept'),
        ...(request.body !== undefined && { body: request.body as unknown }),
      },
      response,
      through === outward && bucketKindOf(databaseOf(request)) === 'blobs' ? gate.blobPace : null,
    );
  };
  const passTo =
    (through: Passage, rest: string): RequestHandler =>
    (request, response) =>
      pass(through, request, response, rest);
  const passToId =
    (through: Passage, before: string): RequestHandler =>
    (request, response) => {
      const id = String(request.params['id']);
      // Neither a design document nor one of CouchDB's own endpoints.
      if (id.startsWith('_')) throw new ServiceError('not-found', 'no such document');
      return pass(through, request, response, before + encodeURIComponent(id));
    };

  /** A feed that goes on, until either side ends it. */
  const follow: RequestHandler = async (request, response) => {
    const { readers, patienceMs } = gate;
    const database = databaseOf(request);
    const { since } = parseInput(continuous, request.query);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, gate.closing]);
    const lines = carriedChanges({ passage: readers.feeds, database, since, patienceMs, signal });
    // What is refused before the first line has a status.
    const first = await lines.next().catch((cause: unknown) => {
      if (hasStatus(cause, 400)) throw new ServiceError('bad-request', 'since is no sequence of the store');
      throw new ServiceError('unavailable', 'the store does not tell its changes', { cause });
    });
    const told = async function* () {
      if (first.done !== true) yield first.value;
      yield* lines;
    };
    response.set('content-type', 'application/json');
    // Either side may go at any time: the other one is told by the end of its connection.
    await pipeline(told(), response).catch(() => response.destroy());
  };

  /** A feed, or a page: all changes in one answer would cost CouchDB as much as it holds, for whoever asks. */
  const changes: RequestHandler = (request, response, next) => {
    if (request.query['feed'] !== undefined) return follow(request, response, next);
    const database = databaseOf(request);
    const { since, limit } = parseInput(page, request.query);
    const query = new URLSearchParams({ since, limit: String(limit), style: 'all_docs' });
    const path = `/${encodeURIComponent(database)}/_changes?${query.toString()}`;
    return gate.readers.passage.pass({ method: 'GET', path, accept: request.get('accept') }, response);
  };

  /** A message is written to all nodes at once: what the own copy of is on its way is not fetched from another node as well. */
  const missing: RequestHandler = async (request, response) => {
    const known = parseInput(revisions, request.body);
    if (Object.keys(known).length < FEW) await sleep(gate.patienceMs);
    await pass(gate.passage, request, response, '/_revs_diff');
  };

  const bulkWrite = async (db: string, body: object): Promise<unknown> => {
    try {
      return await couchRequest(gate.server, { db, path: '_bulk_docs', method: 'POST', body });
    } catch (error) {
      if (!(error instanceof CouchError)) throw error;
      throw new ServiceError('unavailable', 'the store refused what the mesh brought', { cause: error });
    }
  };

  const write: RequestHandler = async (request, response) => {
    const [database, peer] = [databaseOf(request), String(request.params['peer'])];
    const { docs } = parseInput(carried, request.body);
    const accepted: CarriedDocument[] = [];
    const refused: object[] = [];
    for (const document of docs) {
      const refusal = meshRefusal(bucketKindOf(database) ?? 'messages', document);
      if (refusal === null) {
        accepted.push(document);
        continue;
      }
      gate.refusedWrites.note(peer, refusal);
      const { _id: id, _rev: rev } = document;
      refused.push({ id, rev, error: 'forbidden', reason: MESH_REFUSALS[refusal] });
    }
    const body = { new_edits: false, docs: accepted };
    const failed =
      accepted.length === 0 ? [] : failures.parse(await gate.room.watch(bulkWrite(database, body)));
    response.status(201).json([...refused, ...failed]);
  };

  /**
   * CouchDB's replicator writes design documents and what has attachments one by one. Any answer to them but `forbidden` would stop its
   * pull for good (couch_replicator_worker: handle_doc_write_error).
   */
  const refuseAlone =
    (refusal: MeshRefusal): RequestHandler =>
    async (request, response) => {
      databaseOf(request);
      if (request.params['id']?.[0] === '_') throw new ServiceError('not-found', 'no such document');
      // An answer before the end of what is sent would be taken for a broken connection.
      await finished(request.resume());
      gate.refusedWrites.note(String(request.params['peer']), refusal);
      response.status(403).json({ error: 'forbidden', reason: MESH_REFUSALS[refusal] });
    };

  const question = jsonBody(QUESTION_BYTES);
  const keepPlaces = (at: string, through: Passage): void => {
    app.get(at, passTo(through, ''));
    app.get(`${at}/_local/:id`, passToId(through, '/_local/'));
    app.put(`${at}/_local/:id`, ...jsonBody(PLACE_BYTES), passToId(through, '/_local/'));
    app.post(`${at}/_ensure_full_commit`, ...question, passTo(through, '/_ensure_full_commit'));
  };

  const out = '/mesh/out/:database';
  app.use(out, requireCredentials(gate.reader));
  keepPlaces(out, outward);
  // A feed's answer would have no end, and nobody would read it.
  app.head(`${out}/_changes`, methodNotAllowed);
  app.get(`${out}/_changes`, changes);
  app.post(`${out}/_changes`, ...question, changes);
  app.post(`${out}/_bulk_get`, ...question, (request, response) => {
    const { docs } = parseInput(wanted, request.body);
    // The replicator asks for nothing, too, whenever nothing is missing.
    if (docs.length === 0) {
      response.json({ results: [] });
      return;
    }
    return pass(outward, request, response, '/_bulk_get');
  });
  app.post(`${out}/_all_docs`, ...question, (request, response) => {
    const body = parseInput(asked, request.body);
    const path = `/${encodeURIComponent(databaseOf(request))}/_all_docs`;
    return outward.pass({ method: 'POST', path, accept: request.get('accept'), body }, response);
  });
  app.get(`${out}/:id`, passToId(outward, '/'));

  const inward = '/mesh/in/:peer/:database';
  app.use(inward, requireCredentials(gate.writer), (request, _response, next) => {
    if (!Object.hasOwn(gate.refusedWrites.counts(), String(request.params['peer']))) {
      throw new ServiceError('not-found', 'no such peer');
    }
    next();
  });
  keepPlaces(inward, gate.passage);
  app.post(`${inward}/_revs_diff`, ...question, missing);
  app.post(`${inward}/_bulk_docs`, ...jsonBody(LIMITS.storeBodyBytes), write);
  app.put(`${inward}/_design/:name`, refuseAlone('id'));
  app.put(`${inward}/:id`, refuseAlone('attachment'));
};
