/** A CouchDB to test: one of `COUCHDB_URLS`, or an embedded one on a temporary folder when there are none. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startEmbeddedCouch } from '../embedded/index.ts';

export interface Login {
  name: string;
  password: string;
}

export interface RequestOptions {
  /** JSON unless it is text or bytes. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Default the admin; null for nobody. */
  as?: Login | null;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Body;
  text: string;
}

export interface Row {
  id: string;
  key: unknown;
  value: { rev: string; deleted?: boolean };
  doc?: StoredDocument | null;
  error?: string;
}

export interface StoredDocument {
  _id: string;
  _rev: string;
  _deleted?: boolean;
  _revisions?: { start: number; ids: string[] };
  _attachments?: Record<string, { content_type: string; data?: string; stub?: boolean; length?: number }>;
  [field: string]: unknown;
}

export interface ChangeRow {
  id: string;
  seq: string;
  changes: { rev: string }[];
  deleted?: boolean;
  doc?: StoredDocument;
}

/** What CouchDB's answers carry. Each test reads what its own answer has. */
export interface Body extends StoredDocument {
  ok: boolean;
  id: string;
  rev: string;
  error: string;
  reason: string;
  total_rows: number;
  rows: Row[];
  results: ChangeRow[];
  docs: StoredDocument[];
  last_seq: string;
  pending: number;
  update_seq: string;
  doc_count: number;
  doc_del_count: number;
}

export class Couch {
  readonly url: string;
  readonly admin: Login;
  readonly #databases: string[] = [];
  readonly #documents: { database: string; id: string }[] = [];

  constructor(url: string, admin: Login) {
    this.url = url;
    this.admin = admin;
  }

  /** An address with the admin's credentials in it. */
  addressOf(database: string): string {
    const url = new URL(`${this.url}/${encodeURIComponent(database)}`);
    url.username = this.admin.name;
    url.password = this.admin.password;
    return url.href;
  }

  async send(method: string, resource: string, options: RequestOptions = {}): Promise<Response> {
    const { body, headers = {}, as = this.admin, signal = null } = options;
    const plain = typeof body === 'string' || body instanceof Uint8Array;
    return fetch(this.url + resource, {
      method,
      signal,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(as === null ? {} : { authorization: `Basic ${btoa(`${as.name}:${as.password}`)}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: plain ? (body as string) : JSON.stringify(body) }),
    });
  }

  async request(method: string, resource: string, options: RequestOptions = {}): Promise<Answer> {
    const response = await this.send(method, resource, options);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text), text };
  }

  /** As `request`, of which only success is expected. */
  async expectOk(method: string, resource: string, options: RequestOptions = {}): Promise<Body> {
    const { status, text, body } = await this.request(method, resource, options);
    if (status >= 300) throw new Error(`${method} ${resource}: ${status} ${text}`);
    return body;
  }

  get(resource: string): Promise<Body> {
    return this.expectOk('GET', resource);
  }

  put(resource: string, body?: unknown): Promise<Body> {
    return this.expectOk('PUT', resource, { body });
  }

  post(resource: string, body: unknown): Promise<Body> {
    return this.expectOk('POST', resource, { body });
  }

  /** A new database, as the path to it. It is deleted after the tests. */
  async createDatabase(): Promise<string> {
    const name = newName();
    this.deleteAfterwards(name);
    await this.put(`/${name}`);
    return `/${name}`;
  }

  deleteAfterwards(database: string): void {
    this.#databases.push(database);
  }

  /** Stores a document of a system database, which is deleted after the tests. */
  async putSystemDocument(database: string, id: string, body: object): Promise<Body> {
    this.#documents.push({ database, id });
    return this.put(`/${database}/${encodeURIComponent(id)}`, body);
  }

  async createUser(roles: string[] = []): Promise<Login> {
    const user = { name: newName(), password: randomUUID() };
    await this.putSystemDocument('_users', `org.couchdb.user:${user.name}`, { ...user, roles, type: 'user' });
    return user;
  }

  async removeEverything(): Promise<void> {
    for (const { database, id } of this.#documents) {
      const resource = `/${database}/${encodeURIComponent(id)}`;
      await eventually(`${resource} is removed`, async () => {
        const { status, body } = await this.request('GET', resource);
        if (status === 404) return true;
        await this.request('DELETE', `${resource}?rev=${body._rev}`); // which the server may have changed meanwhile
        return undefined;
      });
    }
    for (const name of this.#databases) await this.request('DELETE', `/${encodeURIComponent(name)}`);
  }
}

const admin: Login = { name: 'admin', password: 'p4ss-of-the-admin' };
export const realUrls = (process.env['COUCHDB_URLS'] ?? '').split(',').filter((url) => url !== '');

/** Names are unique, so that a server under test may be used for other things too. */
export function newName(): string {
  return `conformance-${randomUUID()}`;
}

/** Provides servers for the tests of a file: of `urls` while there are any, embedded ones otherwise. */
export function useCouches(count: number, urls: readonly string[] = realUrls): () => Couch[] {
  let couches: Couch[] = [];
  const resources = new AsyncDisposableStack();
  beforeAll(async () => {
    couches = await Promise.all(
      Array.from({ length: count }, (_, index) => provide(urls[index % urls.length], resources)),
    );
  });
  afterAll(async () => {
    for (const couch of couches) await couch.removeEverything();
    await resources.disposeAsync();
  });
  return () => couches;
}

/** Provides one server for the tests of a file. */
export function useCouch(): () => Couch {
  return first(useCouches(1));
}

/** Provides an embedded server for tests of what is its own. */
export function useEmbeddedCouch(): () => Couch {
  return first(useCouches(1, []));
}

function first(couches: () => Couch[]): () => Couch {
  return () => {
    const [couch] = couches();
    if (couch === undefined) throw new Error('no server was started');
    return couch;
  };
}

async function provide(url: string | undefined, resources: AsyncDisposableStack): Promise<Couch> {
  if (url !== undefined) return couchAt(url);
  const dataDir = await temporaryFolder(resources);
  const server = resources.use(await startEmbeddedCouch({ dataDir, port: 0, admin }));
  return new Couch(server.url, admin);
}

export function couchAt(address: string): Couch {
  const { username, password, origin } = new URL(address);
  return new Couch(origin, { name: decodeURIComponent(username), password: decodeURIComponent(password) });
}

export async function temporaryFolder(resources: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'embedded-couch-'));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Asks again and again until there is an answer; a value that stays away is a failure with a name. */
export async function eventually<Value>(
  what: string,
  ask: () => Promise<Value | undefined>,
  timeoutMs = 30_000,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function parse(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return {} as Body;
  }
}
