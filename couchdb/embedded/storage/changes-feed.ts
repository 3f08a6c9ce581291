/**
 * The changes of one database, read in pages. A listener pulls: it asks for the page after its own place and waits
 * when there is none, so a slow one costs no memory and misses nothing. Listeners at the same place share one read.
 */
import type { PouchDocument } from 'pouchdb-core';

export interface Change {
  id: string;
  sequence: number;
  /** All leaves, the winner first. */
  revs: string[];
  deleted: boolean;
  /** The winner's body. Shared between listeners: not to be changed. */
  doc: PouchDocument;
}

export interface ChangesPage {
  changes: Change[];
  /** Where the next page starts. */
  lastSequence: number;
  /** Nothing more for now. */
  atEnd: boolean;
}

/** Reads at most `limit` changes after `since`. */
export type ReadChanges = (
  since: number,
  limit: number,
) => Promise<{ changes: Change[]; lastSequence: number }>;

interface Waiter {
  since: number;
  wake: (outcome: 'written' | 'ended') => void;
}

const maxPageRows = 100;

export class ChangesFeed {
  readonly #readChanges: ReadChanges;
  readonly #pagesUnderWay = new Map<string, Promise<ChangesPage>>();
  readonly #waiters = new Set<Waiter>();
  #updateSequence: number;
  #ended = false;

  constructor(readChanges: ReadChanges, updateSequence: number) {
    this.#readChanges = readChanges;
    this.#updateSequence = updateSequence;
  }

  get updateSequence(): number {
    return this.#updateSequence;
  }

  read(since: number, limit: number): Promise<ChangesPage> {
    const rows = Math.min(limit, maxPageRows);
    const place = `${since}/${rows}`;
    const shared = this.#pagesUnderWay.get(place);
    if (shared !== undefined) return shared;
    const page = this.#readPage(since, rows).finally(() => this.#pagesUnderWay.delete(place));
    this.#pagesUnderWay.set(place, page);
    return page;
  }

  /** Resolves when something has been written after `since`, the time is over, or the feed or the signal ended. */
  wait(since: number, timeoutMs: number, signal: AbortSignal): Promise<'written' | 'timeout' | 'ended'> {
    if (this.#ended || signal.aborted) return Promise.resolve('ended');
    if (this.#updateSequence > since) return Promise.resolve('written');
    return new Promise((resolve) => {
      const settle = (outcome: 'written' | 'timeout' | 'ended') => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        this.#waiters.delete(waiter);
        resolve(outcome);
      };
      const abort = () => settle('ended');
      const waiter: Waiter = { since, wake: settle };
      const timer = setTimeout(settle, timeoutMs, 'timeout');
      signal.addEventListener('abort', abort);
      this.#waiters.add(waiter);
    });
  }

  /** Tells the listeners that everything up to this sequence is on the disk. */
  advance(updateSequence: number): void {
    this.#updateSequence = updateSequence;
    for (const waiter of this.#waiters) if (waiter.since < updateSequence) waiter.wake('written');
  }

  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiters) waiter.wake('ended');
  }

  async #readPage(since: number, limit: number): Promise<ChangesPage> {
    const written = this.#updateSequence;
    const { changes, lastSequence } = await this.#readChanges(since, limit);
    const atEnd = changes.length < limit;
    return { changes, lastSequence: atEnd ? Math.max(lastSequence, written, since) : lastSequence, atEnd };
  }
}
