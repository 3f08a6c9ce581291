import type { Engine } from '../engine/engine.ts';
import type { Calls } from '../engine/calls.ts';
import type { EventFeed } from '../services/event-feed.ts';

export type WaitingDevice = Awaited<ReturnType<Calls['waitingDevices']>>[number];
export type Listing = Awaited<ReturnType<Calls['listing']>>;

/** Whether this device is on the list of its account, and which others wait to be put on it. */
export class OwnDevices {
  readonly #engine: Pick<Engine, 'calls'>;
  #listing = $state.raw<Listing | null>(null);
  #waiting = $state.raw<readonly WaitingDevice[]>([]);

  constructor(engine: Pick<Engine, 'calls' | 'onStatus'>, feed: EventFeed) {
    this.#engine = engine;
    const events = feed.subscribe((all) => {
      for (const { type, detail } of all) if (type === 'listing') this.#listing = detail;
      if (all.some(({ type }) => type === 'waiting-devices')) this.#load().catch(() => undefined);
    });
    let isSignedIn = false;
    engine.onStatus(({ phase }) => {
      if (phase !== 'signed-in') {
        this.#listing = null;
        this.#waiting = [];
      } else if (!isSignedIn) events.holdDuring(() => this.#load()).catch(() => undefined);
      isSignedIn = phase === 'signed-in';
    });
  }

  /** Null: not known yet. */
  get listing(): Listing | null {
    return this.#listing;
  }
  get waiting(): readonly WaitingDevice[] {
    return this.#waiting;
  }
  async #load(): Promise<void> {
    const { calls } = this.#engine;
    [this.#listing, this.#waiting] = await Promise.all([calls.listing(), calls.waitingDevices()]);
  }
}
