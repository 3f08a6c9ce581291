import type { EngineEvent } from '../engine/channel.ts';
import type { Engine } from '../engine/engine.ts';

type Listener = (events: readonly EngineEvent[]) => void;

/** What comes within this time is handed on together, so that a flood of messages is drawn in few steps. */
const GATHER_MS = 16;

/** The events of the messenger in small batches, in their order. */
export class EventFeed {
  readonly #listeners = new Set<Listener>();
  #gathered: EngineEvent[] = [];

  constructor(engine: Pick<Engine, 'onEvent'>) {
    engine.onEvent((event) => {
      if (this.#gathered.length === 0) setTimeout(() => this.#handOn(), GATHER_MS);
      this.#gathered.push(event);
    });
  }

  /** Calls `listener` until the answer is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #handOn(): void {
    const events = this.#gathered;
    this.#gathered = [];
    for (const listener of [...this.#listeners]) listener(events);
  }
}
