import type { Message } from '@restante/client';
import type { Calls } from '../engine/calls.ts';
import type { EventFeed } from '../services/event-feed.ts';

const WAIT_MS = 150;
const PAGE = 30;

/** The search over all messages of this device, as a person types. */
export class Search {
  readonly #calls: Pick<Calls, 'search'>;
  #query = $state.raw('');
  #results = $state.raw<readonly Message[]>([]);
  #state = $state.raw<'idle' | 'searching' | 'done' | 'failed'>('idle');
  #hasMore = $state.raw(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts searches: an answer to an earlier one is dropped. */
  #asked = 0;

  constructor(calls: Pick<Calls, 'search'>) {
    this.#calls = calls;
  }

  get query(): string {
    return this.#query;
  }
  /** Newest first. */
  get results(): readonly Message[] {
    return this.#results;
  }
  get state(): 'idle' | 'searching' | 'done' | 'failed' {
    return this.#state;
  }
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** Looks for another query, once nothing has been typed for a moment. */
  look(query: string): void {
    this.#query = query;
    this.#asked += 1;
    clearTimeout(this.#timer);
    if (query.trim() === '') {
      this.#show([], false);
      this.#state = 'idle';
      return;
    }
    this.#state = 'searching';
    this.#timer = setTimeout(() => void this.#ask([]), WAIT_MS);
  }

  /** The next results, which are older. */
  async loadMore(): Promise<void> {
    if (this.#state === 'searching' || !this.#hasMore) return;
    this.#state = 'searching';
    await this.#ask(this.#results);
  }

  /** Takes away what is deleted, and shows what is edited as it is then, until the answer is called. */
  follow(feed: Pick<EventFeed, 'subscribe'>): () => void {
    return feed.subscribe((events) => {
      for (const { type, detail } of events)
        if (type === 'message-removed' || (type === 'message-changed' && detail.kind === 'deleted'))
          this.#replace(detail, []);
        else if (type === 'message-changed') this.#replace(detail, [detail]);
    }).end;
  }

  #replace({ conversation, id }: Pick<Message, 'conversation' | 'id'>, by: readonly Message[]): void {
    const at = this.#results.findIndex((other) => other.conversation === conversation && other.id === id);
    if (at >= 0) this.#results = this.#results.toSpliced(at, 1, ...by);
  }

  async #ask(shown: readonly Message[]): Promise<void> {
    const asked = (this.#asked += 1);
    const before = shown.at(-1);
    try {
      const found = await this.#calls.search(this.#query, { limit: PAGE, ...(before && { before }) });
      if (asked !== this.#asked) return;
      this.#show([...shown, ...found], found.length === PAGE);
      this.#state = 'done';
    } catch {
      if (asked === this.#asked) this.#state = 'failed';
    }
  }

  #show(results: readonly Message[], hasMore: boolean): void {
    this.#results = results;
    this.#hasMore = hasMore;
  }
}
