import type PouchDB from 'pouchdb-core';
import { promisify } from 'node:util';
import type {
  PouchAllDocsOptions,
  PouchDocument,
  PouchGetOptions,
  PouchRevisionNode,
  PouchRow,
} from 'pouchdb-core';
import { CouchError, databaseMissing, notFound, toCouchError } from '../couch-error.ts';
import { without } from '../json-object.ts';
import { ChangesFeed, type Change } from './changes-feed.ts';
import { readRange, readRowsByKey, type DocumentRange, type RowOptions } from './document-rows.ts';
import type { LevelStore } from './level-store.ts';
import { openPouch } from './pouch-adapter.ts';
import { listRevisions, newestFirst, type Revision } from './revision-tree.ts';
import { formatSequence } from './sequence.ts';
import { WriteQueue, type WritableDocument, type WriteMode, type WriteResult } from './write-queue.ts';

export interface DatabaseStatistics {
  documents: number;
  deletedDocuments: number;
  updateSequence: number;
  fileBytes: number;
}

type TreeCallback = Parameters<PouchDB['_getRevisionTree']>[1];

const maxCountedPending = 1000;

/** One database on disk. A write is answered when the disk has it; a call to a closed one fails as a missing one. */
export class Database {
  readonly name: string;
  readonly uuid: string;
  readonly changes: ChangesFeed;
  readonly #pouch: PouchDB;
  readonly #store: LevelStore;
  readonly #writes: WriteQueue;
  readonly #readTree: (id: string) => Promise<PouchRevisionNode[]>;
  /** Documents that ever were, deleted ones included. */
  #knownDocuments: number;
  #liveDocuments: number;
  #closed = false;
  #callsUnderWay = 0;
  #whenIdle: (() => void) | undefined;
  #compaction: Promise<void> | undefined;

  static async open(name: string, uuid: string, location: string): Promise<Database> {
    const { pouch, store } = await openPouch(location);
    const { doc_count, update_seq } = await pouch.info();
    return new Database(name, uuid, pouch, store, {
      known: await store.countDocuments(),
      live: doc_count,
      updateSequence: update_seq,
    });
  }

  private constructor(
    name: string,
    uuid: string,
    pouch: PouchDB,
    store: LevelStore,
    counts: { known: number; live: number; updateSequence: number },
  ) {
    this.name = name;
    this.uuid = uuid;
    this.#pouch = pouch;
    this.#store = store;
    this.#readTree = promisify((id: string, callback: TreeCallback) => pouch._getRevisionTree(id, callback));
    this.#knownDocuments = counts.known;
    this.#liveDocuments = counts.live;
    this.changes = new ChangesFeed(
      (since, limit) => this.#call(() => readChanges(pouch, { since, limit })),
      counts.updateSequence,
    );
    this.#writes = new WriteQueue(pouch, store, (created) => this.#afterCommit(created));
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
      const { changes, lastSequence, atEnd } = await this.changes.read(place, Infinity);
      counted += changes.length;
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
      fileBytes: await this.#call(() => this.#store.sizeBytes()),
    };
  }

  /** Results in the order of the documents; in mode `replicate` failures only. */
  write(documents: WritableDocument[], mode: WriteMode): Promise<WriteResult[]> {
    return this.#call(() => this.#writes.write(documents, mode));
  }

  /** Writes one document and throws what hinders it. Returns its revision. */
  async writeOne(document: WritableDocument): Promise<string> {
    const [result] = await this.write([document], 'edit');
    if (result !== undefined && 'rev' in result) return result.rev;
    throw toCouchError(result);
  }

  async read(id: string, options: PouchGetOptions = {}): Promise<PouchDocument> {
    return withSortedConflicts(await this.#call(() => this.#pouch.get(id, options)));
  }

  /** The document as it stands, undefined when it is missing or deleted. */
  async readIfPresent(id: string): Promise<PouchDocument | undefined> {
    try {
      return await this.read(id);
    } catch (failure) {
      if (isMissing(failure)) return undefined;
      throw failure;
    }
  }

  readAttachment(id: string, name: string, rev: string): Promise<Buffer> {
    return this.#call(() => this.#pouch.getAttachment(id, name, { rev }));
  }

  /** Every known revision of a document; none when it never was. */
  revisions(id: string): Promise<Revision[]> {
    return this.#call(async () => {
      try {
        return listRevisions(await this.#readTree(id));
      } catch (failure) {
        if (isMissing(failure)) return [];
        throw failure;
      }
    });
  }

  /** The rows of an id range in pages, so that a long range costs no memory. */
  rows(range: DocumentRange): AsyncGenerator<PouchRow[]> {
    return readRange(range, (options) => this.#allDocs(options));
  }

  /** One row per key and in their order, in pages. */
  rowsByKey(keys: unknown[], options: RowOptions): AsyncGenerator<PouchRow[]> {
    return readRowsByKey(keys, options, (pouchOptions) => this.#allDocs(pouchOptions));
  }

  /** The newest changes first. */
  async latestChanges(limit: number): Promise<Change[]> {
    const { changes } = await this.#call(() => readChanges(this.#pouch, { limit, descending: true }));
    return changes;
  }

  /** Stores a `_local` document; the last write wins, as in CouchDB 3. */
  async putLocal(document: WritableDocument): Promise<string> {
    for (;;) {
      const current = await this.readIfPresent(document._id);
      const content = without(document, '_rev');
      const next = current === undefined ? content : { ...content, _rev: current._rev };
      try {
        const { rev } = await this.#call(() => this.#pouch.put(next));
        return rev;
      } catch (failure) {
        if (!isConflict(failure)) throw failure; // else another write came between
      }
    }
  }

  async removeLocal(id: string): Promise<void> {
    const current = await this.readIfPresent(id);
    if (current === undefined) throw notFound('missing');
    await this.#call(() => this.#pouch.remove(current));
  }

  /** Drops the bodies of overwritten revisions. One run at a time. */
  compact(): Promise<void> {
    this.#compaction ??= this.#compact().finally(() => (this.#compaction = undefined));
    return this.#compaction;
  }

  /** Ends the feeds, lets the calls under way finish, and closes the files. */
  async close(): Promise<void> {
    await this.#stop();
    await this.#pouch.close();
  }

  /** As `close`, and forgets the content; the folder is the caller's to remove. */
  async destroy(): Promise<void> {
    await this.#stop();
    await this.#pouch.destroy();
  }

  async #allDocs(options: PouchAllDocsOptions): Promise<{ rows: PouchRow[] }> {
    const { rows } = await this.#call(() => this.#pouch.allDocs(options));
    for (const { doc } of rows) if (doc) withSortedConflicts(doc);
    return { rows };
  }

  async #stop(): Promise<void> {
    this.#closed = true;
    this.changes.end();
    if (this.#callsUnderWay > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
  }

  async #compact(): Promise<void> {
    for (let since = 0, atEnd = false; !atEnd && !this.#closed;) {
      const page = await this.changes.read(since, Infinity);
      for (const { id } of page.changes) await this.#call(() => this.#pouch.compactDocument(id, 0));
      since = page.lastSequence;
      atEnd = page.atEnd;
    }
    await this.#call(() => this.#store.reclaimSpace());
  }

  async #afterCommit(created: number): Promise<void> {
    const { doc_count, update_seq } = await this.#pouch.info();
    this.#knownDocuments += created;
    this.#liveDocuments = doc_count;
    this.changes.advance(update_seq);
  }

  async #call<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.#closed) throw databaseMissing();
    this.#callsUnderWay += 1;
    try {
      return await action();
    } finally {
      this.#callsUnderWay -= 1;
      if (this.#callsUnderWay === 0) this.#whenIdle?.();
    }
  }
}

async function readChanges(
  pouch: PouchDB,
  options: { since?: number; limit: number; descending?: boolean },
): Promise<{ changes: Change[]; lastSequence: number }> {
  const { results, last_seq } = await pouch.changes({ ...options, style: 'all_docs', include_docs: true });
  const changes = results.map(({ id, seq, changes: leaves, deleted = false, doc }) => ({
    id,
    sequence: seq,
    revs: [doc._rev, ...newestFirst(leaves.map(({ rev }) => rev).filter((rev) => rev !== doc._rev))],
    deleted,
    doc,
  }));
  return { changes, lastSequence: last_seq };
}

/** PouchDB tells conflicts in no order. */
function withSortedConflicts(document: PouchDocument): PouchDocument {
  if (document._conflicts !== undefined) document._conflicts = newestFirst(document._conflicts);
  return document;
}

export function isMissing(failure: unknown): boolean {
  return statusOf(failure) === 404;
}

function isConflict(failure: unknown): boolean {
  return statusOf(failure) === 409;
}

function statusOf(failure: unknown): unknown {
  if (failure instanceof CouchError) return failure.status;
  return typeof failure === 'object' && failure !== null && 'status' in failure ? failure.status : undefined;
}
