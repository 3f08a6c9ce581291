/**
 * Group commit of one database: while one batch is being written and synced, the next one fills. Requests keep their
 * order. A batch that fails as a whole is written again request by request, so that one bad document hurts only its own.
 */
import type PouchDB from 'pouchdb-core';
import type { PouchError, PouchWriteOk } from 'pouchdb-core';
import type { LevelStore } from './level-store.ts';

/** `edit` lets the engine make the next revision; `replicate` stores the revision the document brings. */
export type WriteMode = 'edit' | 'replicate';

export type WriteResult = PouchWriteOk | PouchError;

export interface WritableDocument {
  _id: string;
  [field: string]: unknown;
}

interface Request {
  documents: WritableDocument[];
  mode: WriteMode;
  resolve: (results: WriteResult[]) => void;
  reject: (failure: unknown) => void;
}

const maxBatchDocuments = 1000;

export class WriteQueue {
  readonly #pouch: PouchDB;
  readonly #store: LevelStore;
  readonly #onWritten: (newDocuments: number, overwritten: string[]) => Promise<void>;
  #waiting: Request[] = [];
  #writing = false;

  /** `onWritten` runs after each commit, before its requests are answered: how many documents are new, and which may have been overwritten. */
  constructor(
    pouch: PouchDB,
    store: LevelStore,
    onWritten: (newDocuments: number, overwritten: string[]) => Promise<void>,
  ) {
    this.#pouch = pouch;
    this.#store = store;
    this.#onWritten = onWritten;
  }

  /** In mode `replicate` only failures are answered, as CouchDB does. */
  write(documents: WritableDocument[], mode: WriteMode): Promise<WriteResult[]> {
    if (documents.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ documents, mode, resolve, reject });
      if (!this.#writing) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) await this.#commit(this.#takeBatch());
    this.#writing = false;
  }

  #takeBatch(): Request[] {
    const mode = this.#waiting[0]?.mode;
    let documents = 0;
    let taken = 0;
    for (const request of this.#waiting) {
      documents += request.documents.length;
      if (request.mode !== mode || (taken > 0 && documents > maxBatchDocuments)) break;
      taken += 1;
    }
    return this.#waiting.splice(0, taken);
  }

  async #commit(requests: Request[]): Promise<void> {
    const [first] = requests;
    if (first === undefined) return;
    try {
      const results = await this.#bulkWrite(
        requests.flatMap(({ documents }) => documents),
        first.mode,
      );
      let answered = 0;
      for (const { documents, mode, resolve } of requests) {
        if (mode === 'replicate') resolve(results);
        else resolve(results.slice(answered, (answered += documents.length)));
      }
    } catch (failure) {
      if (requests.length === 1) first.reject(failure);
      else for (const request of requests) await this.#commit([request]);
    }
  }

  async #bulkWrite(documents: WritableDocument[], mode: WriteMode): Promise<WriteResult[]> {
    const ids = [...new Set(documents.map(({ _id }) => _id))];
    const known = await this.#store.prefetch(ids);
    const unknown = new Set(ids.filter((_, index) => known[index] === false));
    const write = this.#pouch.bulkDocs({ docs: documents }, { new_edits: mode === 'edit' });
    const results = await write.finally(() => this.#store.forget());
    await this.#onWritten(
      mode === 'edit' ? countCreated(results, unknown) : unknown.size,
      ids.filter((id) => !unknown.has(id)),
    );
    return results;
  }
}

function countCreated(results: WriteResult[], unknown: Set<string>): number {
  return new Set(results.flatMap((result) => ('rev' in result && unknown.has(result.id) ? [result.id] : [])))
    .size;
}
