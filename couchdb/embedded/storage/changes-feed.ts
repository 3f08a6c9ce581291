/**
 * The changes of one database, read in pages. A listener pulls: it asks for the page after its own place and waits
 * when there is none, so a slow one costs no memory and misses nothing. Listeners at the same place share one read.
 */
import type { StateChanges } from './stored-documents.ts';

interface Waiter {
  since: number;
  wake: (outcome: 'written' | 'ended') => void;
}

const maxPageRows = 100;

export class ChangesFeed {
  readonly #readChanges: (since: number, limit: number) => Promise<StateChanges>;
  readonly #pagesUnderWay = new Map<string, Promise<StateChanges>>();
  readonly #waiters = new Set<Waiter>();
  #updateSequence: number;
  #ended = false;

  constructor(readChanges: (since: number, limit: number) => Promise<StateChanges>, updateSequence: number) {
    this.#readChanges = readChanges;
    this.#updateSequence = updateSequence;
  }

  /** Everything up to here is on the disk. */
  get updateSequence(): number {
    return this.#updateSequence;
  }

  /** The changes after a place, no more than `limit`. The answer is shared between listeners: not to be changed. */
  read(since: number, limit: number): Promise<StateChanges> {
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

  async #readPage(since: number, limit: number): Promise<StateChanges> {
    const written = this.#updateSequence;
    const page = await this.#readChanges(since, limit);
    return page.atEnd ? { ...page, lastSequence: Math.max(page.lastSequence, written, since) } : page;
  }
}
