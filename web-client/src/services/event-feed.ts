import type { EngineEvent } from '../engine/channel.ts';
import type { Engine } from '../engine/engine.ts';

type Listener = (events: readonly EngineEvent[]) => void;

/** What comes within this time after the last batch is handed on together, so that a flood is drawn in few steps. */
const GATHER_MS = 16;

export type Subscription = {
  /** Events wait until `work` is done: what it reads may be older than they are. */
  readonly holdDuring: <T>(work: () => Promise<T>) => Promise<T>;
  readonly end: () => void;
};

/** The events of the messenger in small batches, in their order. */
export class EventFeed {
  readonly #listeners = new Set<Listener>();
  #gathered: EngineEvent[] = [];
  #resting = false;

  constructor(engine: Pick<Engine, 'onEvent'>) {
    engine.onEvent((event) => {
      this.#gathered.push(event);
      if (!this.#resting) this.#handOn();
    });
  }

  subscribe(listener: Listener): Subscription {
    let holding = 0;
    let held: EngineEvent[] = [];
    const take: Listener = (events) => {
      if (holding === 0) listener(events);
      else held.push(...events);
    };
    const release = (): void => {
      holding -= 1;
      if (holding > 0 || held.length === 0 || !this.#listeners.has(take)) return;
      const events = held;
      held = [];
      listener(events);
    };
    this.#listeners.add(take);
    return {
      holdDuring: async (work) => {
        holding += 1;
        try {
          return await work();
        } finally {
          release();
        }
      },
      end: () => void this.#listeners.delete(take),
    };
  }

  #handOn(): void {
    const events = this.#gathered;
    this.#gathered = [];
    this.#resting = events.length > 0;
    if (!this.#resting) return;
    try {
      for (const listener of [...this.#listeners]) listener(events);
    } finally {
      setTimeout(() => this.#handOn(), GATHER_MS);
    }
  }
}
