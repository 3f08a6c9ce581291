import type PouchDB from 'pouchdb-core';
import type { PouchDocument } from 'pouchdb-core';
import { CouchError, notFound } from '../couch-error.ts';
import { without } from '../json-object.ts';
import type { CallGate } from './call-gate.ts';
import type { WritableDocument } from './write-queue.ts';

/** The `_local` documents of one database: in no list and no feed, without ancestors; the last write wins, as in CouchDB 3. */
export class LocalDocuments {
  readonly #pouch: PouchDB;
  readonly #gate: CallGate;

  constructor(pouch: PouchDB, gate: CallGate) {
    this.#pouch = pouch;
    this.#gate = gate;
  }

  /** Undefined when there is none. */
  async read(id: string): Promise<PouchDocument | undefined> {
    try {
      return await this.#gate.pass(() => this.#pouch.get(id));
    } catch (failure) {
      if (!(failure instanceof CouchError) && statusOf(failure) === 404) return undefined;
      throw failure;
    }
  }

  /** Returns the new revision. */
  async put(document: WritableDocument): Promise<string> {
    for (;;) {
      const current = await this.read(document._id);
      const content = without(document, '_rev');
      const next = current === undefined ? content : { ...content, _rev: current._rev };
      try {
        const { rev } = await this.#gate.pass(() => this.#pouch.put(next));
        return rev;
      } catch (failure) {
        if (statusOf(failure) !== 409) throw failure; // else another write came between
      }
    }
  }

  async remove(id: string): Promise<void> {
    const current = await this.read(id);
    if (current === undefined) throw notFound('missing');
    await this.#gate.pass(() => this.#pouch.remove(current));
  }
}

function statusOf(failure: unknown): unknown {
  return typeof failure === 'object' && failure !== null && 'status' in failure ? failure.status : undefined;
}
