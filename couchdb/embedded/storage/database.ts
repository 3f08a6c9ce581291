import type PouchDB from 'pouchdb-core';
import type { PouchDocument } from 'pouchdb-core';
import { CallGate } from './call-gate.ts';
import { ChangesFeed } from './changes-feed.ts';
import type { DocumentEntry } from './document-entry.ts';
import type { LevelStore } from './level-store.ts';
import { LocalDocuments } from './local-documents.ts';
import { OverwrittenBodies } from './overwritten-bodies.ts';
import { defaultRevisionsLimit, openPouch } from './pouch-adapter.ts';
import { formatSequence } from './sequence.ts';
import type { DocumentState, IdRange, StoredDocuments } from './stored-documents.ts';
import { WriteQueue, type WritableDocument, type WriteMode, type WriteResult } from './write-queue.ts';

export interface DatabaseStatistics {
  documents: number;
  deletedDocuments: number;
  updateSequence: number;
  fileBytes: number;
}

/** A document in a list: its state if it was asked for with its body. */
export interface DocumentRow {
  entry: DocumentEntry;
  body: PouchDocument | undefined;
}

export interface RowRange extends IdRange {
  limit: number;
  skip: number;
  withBodies: boolean;
}

const maxCountedPending = 1000;
const entriesPerPage = 64;
const bodiesPerPage = 32;

/** One database on disk. A write is answered when the disk has it; a call to a closed one fails as a missing one. */
export class Database {
  readonly name: string;
  readonly uuid: string;
  readonly changes: ChangesFeed;
  readonly local: LocalDocuments;
  readonly #pouch: PouchDB;
  readonly #store: LevelStore;
  readonly #documents: StoredDocuments;
  readonly #writes: WriteQueue;
  readonly #gate = new CallGate();
  /** Documents that ever were, deleted ones included. */
  #knownDocuments: number;
  #liveDocuments: number;
  #compaction: Promise<void> | undefined;
  /** Of a database that remembers few revisions: it is for documents that change often. */
  readonly #overwritten: OverwrittenBodies | undefined;

  static async open(
    name: string,
    uuid: string,
    location: string,
    revisionsLimit = defaultRevisionsLimit,
  ): Promise<Database> {
    const { pouch, store } = await openPouch(location, revisionsLimit);
    const { doc_count, update_seq } = await pouch.info();
    const changesOften = revisionsLimit < defaultRevisionsLimit;
    return new Database(name, uuid, pouch, store, changesOften, {
      known: await store.documents.count(),
      live: doc_count,
      updateSequence: update_seq,
    });
  }

  private constructor(
    name: string,
    uuid: string,
    pouch: PouchDB,
    store: LevelStore,
    changesOften: boolean,
    counts: { known: number; live: number; updateSequence: number },
  ) {
    this.name = name;
    this.uuid = uuid;
    this.#pouch = pouch;
    this.#store = store;
    this.#documents = store.documents;
    this.local = new LocalDocuments(pouch, this.#gate);
    this.#knownDocuments = counts.known;
    this.#liveDocuments = counts.live;
    this.changes = new ChangesFeed(
      (since, limit) => this.#gate.pass(() => this.#documents.changes(since, limit)),
      counts.updateSequence,
    );
    if (changesOften)
      this.#overwritten = new OverwrittenBodies((id) => this.#gate.pass(() => pouch.compactDocument(id, 0)));
    this.#writes = new WriteQueue(pouch, store, (created, overwritten) =>
      this.#afterCommit(created, overwritten),
    );
  }

  /** A write failed, and there is room again: it is time to open the files anew. Until then it reads only. */
  async canBeMended(): Promise<boolean> {
    return this.#store.isBroken && (await this.#store.hasRoom());
  }

  get isCompacting(): boolean {
    return this.#compaction !== undefined;
  }

  get documentCount(): number {
    return this.#liveDocuments;
  }

  /** The place after everything that is written, as clients see it. */
  get sequence(): string {
    return formatSequence(this.changes.updateSequence, this.uuid);
  }

  /** How many documents have changed since; far from the end an upper bound that counts overwritten changes too. */
  async countPending(since: number): Promise<number> {
    if (since === 0) return this.#knownDocuments;
    let counted = 0;
    for (let place = since; counted < maxCountedPending;) {
      const { states, lastSequence, atEnd } = await this.changes.read(place, Infinity);
      counted += states.length;
      place = lastSequence;
      if (atEnd) return counted;
    }
    return this.changes.updateSequence - since;
  }

  async statistics(): Promise<DatabaseStatistics> {
    return {
      documents: this.#liveDocuments,
      deletedDocuments: this.#knownDocuments - this.#liveDocuments,
      updateSequence: this.changes.updateSequence,
      fileBytes: await this.#gate.pass(() => this.#store.sizeBytes()),
    };
  }

  /** Results in the order of the documents; in mode `replicate` failures only. */
  write(documents: WritableDocument[], mode: WriteMode): Promise<WriteResult[]> {
    return this.#gate.pass(() => this.#writes.write(documents, mode));
  }

  /** Documents as they stand, deleted or not; undefined for those that never were. */
  entries(ids: string[]): Promise<(DocumentEntry | undefined)[]> {
    return this.#gate.pass(() => this.#documents.entries(ids));
  }

  async entry(id: string): Promise<DocumentEntry | undefined> {
    const [entry] = await this.entries([id]);
    return entry;
  }

  /** Bodies of revisions; undefined for those that never came or were compacted away. */
  bodies(wanted: { entry: DocumentEntry; rev: string }[]): Promise<(PouchDocument | undefined)[]> {
    return this.#gate.pass(() => this.#documents.bodies(wanted));
  }

  /** A document that lives, as it stands. */
  async read(id: string): Promise<PouchDocument | undefined> {
    const entry = await this.entry(id);
    if (entry === undefined || entry.deleted) return undefined;
    const [body] = await this.bodies([{ entry, rev: entry.winner }]);
    return body;
  }

  /** What lives in an id range, in pages, so that a long range costs no memory. */
  async *rows(range: RowRange): AsyncGenerator<DocumentRow[]> {
    const { skip, limit, withBodies } = range;
    const perPage = withBodies ? bodiesPerPage : entriesPerPage;
    let after: string | undefined;
    for (let skipped = 0, given = 0; given < limit;) {
      const count = Math.min(perPage, skip - skipped + limit - given);
      const entries = await this.#gate.pass(() => this.#documents.page(range, after, count));
      const living = entries.filter(({ deleted }) => !deleted);
      const wanted = living.slice(skip - skipped).slice(0, limit - given);
      skipped += Math.min(living.length, skip - skipped);
      given += wanted.length;
      if (wanted.length > 0) yield await this.#toRows(wanted, withBodies);
      if (entries.length < count) return;
      after = entries.at(-1)?.id;
    }
  }

  /** One row for each id in their order, in pages; undefined for what never was. */
  async *rowsOf(ids: string[], withBodies: boolean): AsyncGenerator<(DocumentRow | undefined)[]> {
    for (let from = 0; from < ids.length; from += entriesPerPage) {
      const entries = await this.entries(ids.slice(from, from + entriesPerPage));
      const found = entries.filter((entry) => entry !== undefined);
      const rows = (await this.#toRows(found, withBodies)).values();
      yield entries.map((entry) => (entry === undefined ? undefined : rows.next().value));
    }
  }

  /** The newest changes first. */
  latestChanges(limit: number): Promise<DocumentState[]> {
    return this.#gate.pass(() => this.#documents.latestChanges(limit));
  }

  readAttachment(id: string, name: string, rev: string): Promise<Buffer> {
    return this.#gate.pass(() => this.#pouch.getAttachment(id, name, { rev }));
  }

  /** Drops the bodies of overwritten revisions. One run at a time. */
  compact(): Promise<void> {
    this.#compaction ??= this.#compact().finally(() => (this.#compaction = undefined));
    return this.#compaction;
  }

  /** Ends the feeds, lets the calls under way finish, and closes the files. */
  async close(): Promise<void> {
    this.#overwritten?.end();
    this.changes.end();
    await this.#gate.close();
    await this.#pouch.close();
  }

  async #toRows(entries: DocumentEntry[], withBodies: boolean): Promise<DocumentRow[]> {
    if (!withBodies) return entries.map((entry) => ({ entry, body: undefined }));
    const bodies = await this.bodies(entries.map((entry) => ({ entry, rev: entry.winner })));
    return entries.map((entry, index) => ({ entry, body: bodies[index] }));
  }

  async #compact(): Promise<void> {
    for (let since = 0, atEnd = false; !atEnd && !this.#gate.isClosed;) {
      const page = await this.changes.read(since, Infinity);
      for (const { entry } of page.states)
        await this.#gate.pass(() => this.#pouch.compactDocument(entry.id, 0));
      since = page.lastSequence;
      atEnd = page.atEnd;
    }
    await this.#gate.pass(() => this.#store.reclaimSpace());
  }

  async #afterCommit(created: number, overwritten: string[]): Promise<void> {
    this.#overwritten?.note(overwritten);
    const { doc_count, update_seq } = await this.#pouch.info();
    this.#knownDocuments += created;
    this.#liveDocuments = doc_count;
    this.changes.advance(update_seq);
  }
}
