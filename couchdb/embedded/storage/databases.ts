/**
 * The databases of one server. The catalog says which exist and where their files are: a folder that it does not name
 * is left from a creation or deletion cut short, and is removed at the start.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ClassicLevel } from 'classic-level';
import { CouchError, databaseMissing, fileExists, insufficientStorage } from '../couch-error.ts';
import { adminOnly, type Security } from '../access/security.ts';
import { Database } from './database.ts';
import { hasRoom } from './disk-room.ts';
import { defaultRevisionsLimit } from './pouch-adapter.ts';

interface CatalogEntry {
  uuid: string;
  createdAtSeconds: number;
  security: Security;
  /** Absent: the default. */
  revisionsLimit?: number;
}

interface ServerEntry {
  uuid: string;
  cookieSecret: string;
}

type Catalog = ClassicLevel<string, CatalogEntry | ServerEntry>;

const serverKey = '/server';
const synced = { sync: true };
const maxNameBytes = 238;
const namePattern = /^[a-z][a-z0-9_$()+/-]*$/;
export const usersDatabase = '_users';
export const replicatorDatabase = '_replicator';
const systemDatabases = [replicatorDatabase, usersDatabase];

export class Databases {
  readonly #folder: string;
  readonly #catalog: Catalog;
  readonly #server: ServerEntry;
  readonly #entries: Map<string, CatalogEntry>;
  readonly #opened = new Map<string, Promise<Database>>();

  static async open(dataDir: string): Promise<Databases> {
    const folder = path.join(dataDir, 'databases');
    await mkdir(folder, { recursive: true });
    const catalog: Catalog = new ClassicLevel(path.join(dataDir, 'catalog'), { valueEncoding: 'json' });
    await catalog.open().catch((failure: unknown) => {
      throw isLocked(failure) ? new Error(`${dataDir} is in use by another process`) : failure;
    });
    const stored = new Map(await catalog.iterator().all());
    let server = stored.get(serverKey) as ServerEntry | undefined;
    if (server === undefined) {
      server = { uuid: randomId(), cookieSecret: randomBytes(32).toString('hex') };
      await catalog.put(serverKey, server, synced);
    }
    stored.delete(serverKey);
    const databases = new Databases(folder, catalog, server, stored as Map<string, CatalogEntry>);
    await databases.#removeLeftovers();
    for (const name of systemDatabases) if (!databases.has(name)) await databases.create(name);
    return databases;
  }

  private constructor(
    folder: string,
    catalog: Catalog,
    server: ServerEntry,
    entries: Map<string, CatalogEntry>,
  ) {
    this.#folder = folder;
    this.#catalog = catalog;
    this.#server = server;
    this.#entries = entries;
  }

  get serverUuid(): string {
    return this.#server.uuid;
  }

  get cookieSecret(): string {
    return this.#server.cookieSecret;
  }

  /** In order. */
  get names(): string[] {
    return [...this.#entries.keys()].sort();
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Opens the files on the first use, and anew when a write has failed and the disk has room again. */
  async get(name: string): Promise<Database> {
    const opened = this.#open(name);
    const database = await opened;
    if (!(await database.canBeMended())) return database;
    this.#openAnew(name, opened, database);
    return this.#open(name);
  }

  #openAnew(name: string, opened: Promise<Database>, database: Database): void {
    if (this.#opened.get(name) !== opened) return;
    void this.#keepOpened(
      name,
      database.close().then(() => this.#openFiles(name)),
    );
  }

  #open(name: string): Promise<Database> {
    return this.#opened.get(name) ?? this.#keepOpened(name, this.#openFiles(name));
  }

  async #openFiles(name: string): Promise<Database> {
    const { uuid } = this.#entry(name);
    return Database.open(name, uuid, path.join(this.#folder, uuid), this.revisionsLimit(name));
  }

  #keepOpened(name: string, opened: Promise<Database>): Promise<Database> {
    this.#opened.set(name, opened);
    opened.catch(() => {
      if (this.#opened.get(name) === opened) this.#opened.delete(name);
    });
    return opened;
  }

  security(name: string): Security {
    return this.#entry(name).security;
  }

  createdAtSeconds(name: string): number {
    return this.#entry(name).createdAtSeconds;
  }

  async setSecurity(name: string, security: Security): Promise<void> {
    const entry = { ...this.#entry(name), security };
    await this.#record(name, entry);
    this.#entries.set(name, entry);
  }

  /** How many revisions of a document it remembers. */
  revisionsLimit(name: string): number {
    return this.#entry(name).revisionsLimit ?? defaultRevisionsLimit;
  }

  /** Calls that are under way finish; feeds end, as with any other end of a connection. */
  async setRevisionsLimit(name: string, revisionsLimit: number): Promise<void> {
    if (revisionsLimit === this.revisionsLimit(name)) return;
    const opened = this.#open(name);
    const database = await opened;
    const entry = { ...this.#entry(name), revisionsLimit };
    await this.#record(name, entry);
    this.#entries.set(name, entry);
    this.#openAnew(name, opened, database);
    await this.#open(name);
  }

  async create(name: string): Promise<void> {
    validateName(name);
    if (this.has(name)) throw fileExists();
    const entry: CatalogEntry = {
      uuid: randomId(),
      createdAtSeconds: Math.floor(Date.now() / 1000),
      security: adminOnly,
    };
    this.#entries.set(name, entry);
    try {
      await this.get(name);
      await this.#record(name, entry);
    } catch (failure) {
      this.#entries.delete(name);
      throw failure;
    }
  }

  async delete(name: string): Promise<void> {
    const { uuid } = this.#entry(name);
    const database = await this.get(name);
    if (!this.#entries.delete(name)) throw databaseMissing();
    this.#opened.delete(name);
    await this.#catalog.del(name, synced);
    await database.close();
    await rm(path.join(this.#folder, uuid), { recursive: true, force: true });
  }

  /** Ends what listens to changes; everything else goes on. */
  async endFeeds(): Promise<void> {
    for (const database of await this.#allOpened()) database.changes.end();
  }

  async close(): Promise<void> {
    await Promise.all((await this.#allOpened()).map((database) => database.close()));
    await this.#catalog.close();
  }

  async #record(name: string, entry: CatalogEntry): Promise<void> {
    if (!(await hasRoom(this.#folder))) throw insufficientStorage();
    await this.#catalog.put(name, entry, synced);
  }

  async #allOpened(): Promise<Database[]> {
    const results = await Promise.allSettled(this.#opened.values());
    return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  #entry(name: string): CatalogEntry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw databaseMissing();
    return entry;
  }

  async #removeLeftovers(): Promise<void> {
    const known = new Set([...this.#entries.values()].map(({ uuid }) => uuid));
    const found = await readdir(this.#folder);
    const leftovers = found.filter((name) => !known.has(name));
    await Promise.all(leftovers.map((name) => rm(path.join(this.#folder, name), { recursive: true })));
  }
}

/** LevelDB lets one process at a time in. */
function isLocked(failure: unknown): boolean {
  return (
    failure instanceof Error && (failure.cause as { code?: unknown } | undefined)?.code === 'LEVEL_LOCKED'
  );
}

function validateName(name: string): void {
  if (Buffer.byteLength(name) > maxNameBytes)
    throw new CouchError(
      400,
      'database_name_too_long',
      `At least one path segment of \`${name}\` is too long.`,
    );
  if (namePattern.test(name) || systemDatabases.includes(name)) return;
  throw new CouchError(
    400,
    'illegal_database_name',
    `Name: '${name}'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, $, (, ), +, -, and / are allowed. Must begin with a letter.`,
  );
}

function randomId(): string {
  return randomUUID().replaceAll('-', '');
}
