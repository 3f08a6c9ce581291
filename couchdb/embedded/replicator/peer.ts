/** A database at one end of a replication, spoken to by CouchDB's public protocol only. */
import type { ChangesFilter, ReplicationEnd } from '../documents/replication-document.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import { readLines } from './lines.ts';

export interface RemoteChange {
  id: string;
  seq: unknown;
  revs: string[];
}

/** What a feed of changes says: a change, that there is nothing new, or where it ended. */
export type FeedEvent = { change: RemoteChange } | { idle: true } | { lastSeq: unknown };

const requestTimeoutMs = 60_000;
const heartbeatMs = 10_000;
/** Three heartbeats missed: nobody is there. */
const silenceMs = 3 * heartbeatMs;

export class Peer {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #signal: AbortSignal;

  constructor(end: ReplicationEnd, signal: AbortSignal) {
    this.#url = end.url;
    this.#headers = end.headers;
    this.#signal = signal;
  }

  /** Fails when the database is not there or does not let us in. */
  async check(): Promise<void> {
    await this.#request('GET', '');
  }

  async createIfMissing(): Promise<void> {
    try {
      await this.#request('PUT', '');
    } catch (failure) {
      if (!(failure instanceof PeerError) || failure.status !== 412) throw failure;
    }
  }

  /** A `_local` document, undefined when there is none. */
  async readLocal(id: string): Promise<JsonObject | undefined> {
    try {
      return await this.#request('GET', `_local/${encodeURIComponent(id)}`);
    } catch (failure) {
      if (failure instanceof PeerError && failure.status === 404) return undefined;
      throw failure;
    }
  }

  /** Returns the document's revision. */
  async writeLocal(id: string, document: JsonObject): Promise<unknown> {
    const { rev } = await this.#request('PUT', `_local/${encodeURIComponent(id)}`, document);
    return rev;
  }

  /** How many changes there are after a place. */
  async countPending(since: unknown, filter: ChangesFilter | undefined): Promise<number> {
    const query = changesQuery({ since, limit: '0', style: 'all_docs' }, filter);
    const { results, pending } = await this.#request(filter ? 'POST' : 'GET', query, filter?.body);
    return (typeof pending === 'number' ? pending : 0) + (Array.isArray(results) ? results.length : 0);
  }

  /** Follows the changes after a place: to the end of what there is, or for ever. */
  async *changes(
    since: unknown,
    continuous: boolean,
    filter: ChangesFilter | undefined,
  ): AsyncGenerator<FeedEvent> {
    const parameters = { since, style: 'all_docs', feed: 'continuous' };
    const query = changesQuery(
      continuous ? { ...parameters, heartbeat: String(heartbeatMs) } : { ...parameters, timeout: '0' },
      filter,
    );
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(new Error('the source went silent')), silenceMs);
    try {
      const response = await this.#send(filter ? 'POST' : 'GET', query, filter?.body, silence.signal);
      if (response.body === null) return;
      for await (const line of readLines(response.body)) {
        timer.refresh();
        if (line === '') yield { idle: true };
        else yield parseFeedLine(line);
      }
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }

  /** Which of these revisions are not there, by document id. */
  async findMissing(revisions: Record<string, string[]>): Promise<Record<string, string[]>> {
    const answer = await this.#request('POST', '_revs_diff', revisions);
    return Object.fromEntries(
      Object.entries(answer).map(([id, value]) => [id, isObject(value) ? textsOf(value['missing']) : []]),
    );
  }

  /**
   * The documents of these revisions that are still to be had, with ancestors and attachments; in the place of one that
   * was followed meanwhile by others those, if `latest` is set.
   */
  async readRevisions(wanted: { id: string; rev: string }[], latest: boolean): Promise<JsonObject[]> {
    const query = `_bulk_get?revs=true&latest=${latest}&attachments=true`;
    const { results } = await this.#request('POST', query, { docs: wanted });
    if (!Array.isArray(results)) throw new Error('the source answers _bulk_get without results');
    return results
      .filter(isObject)
      .flatMap(({ docs }) => docs)
      .map((entry: unknown) => (isObject(entry) ? entry['ok'] : undefined))
      .filter(isObject);
  }

  /** Stores documents with the revisions they have. Returns how many were turned down. */
  async writeRevisions(documents: JsonObject[]): Promise<number> {
    const failures: unknown = await this.#request('POST', '_bulk_docs', {
      docs: documents,
      new_edits: false,
    });
    return Array.isArray(failures) ? failures.length : 0;
  }

  async #request(method: string, path: string, body?: JsonObject): Promise<JsonObject> {
    const response = await this.#send(method, path, body, AbortSignal.timeout(requestTimeoutMs));
    return (await response.json()) as JsonObject;
  }

  async #send(
    method: string,
    path: string,
    body: JsonObject | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { ...this.#headers, accept: 'application/json', 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.any([this.#signal, signal]),
    });
    if (response.ok) return response;
    const { reason } = (await response.json().catch(() => ({}))) as JsonObject;
    throw new PeerError(
      this.#url,
      response.status,
      typeof reason === 'string' ? reason : response.statusText,
    );
  }
}

/** The peer answered, and said no. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  /** Of the peer, without credentials. */
  readonly url: string;
  readonly status: number;

  constructor(url: string, status: number, reason: string) {
    super(`${url} answered ${status}: ${reason}`);
    this.url = url;
    this.status = status;
  }
}

function changesQuery(parameters: Record<string, unknown>, filter: ChangesFilter | undefined): string {
  const texts = Object.entries({ ...parameters, ...filter?.query }).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return `_changes?${new URLSearchParams(texts).toString()}`;
}

function parseFeedLine(line: string): FeedEvent {
  const { id, seq, changes, last_seq } = JSON.parse(line) as JsonObject;
  if (typeof id !== 'string' || !Array.isArray(changes)) return { lastSeq: last_seq };
  return {
    change: { id, seq, revs: textsOf(changes.map((leaf: unknown) => isObject(leaf) && leaf['rev'])) },
  };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}
