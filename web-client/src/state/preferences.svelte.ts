import type { Preferences as Chosen } from '@restante/client';
import type { Calls } from '../engine/calls.ts';
import type { EventFeed } from '../services/event-feed.ts';

/** What others may see of this person. */
export class Preferences {
  readonly #calls: Calls;
  readonly #feed: EventFeed;
  #chosen = $state.raw<Chosen | null>(null);

  constructor(calls: Calls, feed: EventFeed) {
    this.#calls = calls;
    this.#feed = feed;
  }

  /** Null until it is known. */
  get chosen(): Chosen | null {
    return this.#chosen;
  }
  /** Follows what this or another tab chooses, until the answer is called. */
  follow(): () => void {
    return this.#feed.subscribe((events) => {
      for (const { type, detail } of events) if (type === 'preferences') this.#chosen = detail;
    }).end;
  }
  async load(): Promise<void> {
    this.#chosen = await this.#calls.preferences();
  }
  async choose(changes: Partial<Chosen>): Promise<void> {
    await this.#calls.setPreferences(changes);
    if (this.#chosen !== null) this.#chosen = { ...this.#chosen, ...changes };
  }
}
