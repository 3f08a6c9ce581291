import type { FeedEvent, RemoteChange } from './peer.ts';

export interface FeedBatch {
  changes: RemoteChange[];
  /** Place after the changes, undefined when there are none. */
  lastSeq: unknown;
  /** The source had nothing more when it sent this. */
  idle: boolean;
  /** Nothing comes any more. */
  ended: boolean;
}

const maxBufferedChanges = 500;

/**
 * Reads a feed ahead of the copying, so that what arrives during one batch is the next batch. A full buffer stops the
 * reading, and by that the source.
 */
export class FeedReader {
  readonly #events: AsyncGenerator<FeedEvent>;
  #changes: RemoteChange[] = [];
  #endSeq: unknown;
  #idle = false;
  #ended = false;
  #failure: unknown;
  #onArrival: (() => void) | undefined;
  #onRoom: (() => void) | undefined;

  constructor(events: AsyncGenerator<FeedEvent>) {
    this.#events = events;
    void this.#pump();
  }

  /** How many changes can be taken. */
  get waiting(): number {
    return this.#changes.length;
  }

  /** Waits for something to take, no longer than `waitMs`. */
  async arrival(waitMs: number): Promise<void> {
    if (this.#changes.length === 0 && !this.#idle && !this.#ended) await this.#nextEvent(waitMs);
  }

  /** What has arrived. Throws when the feed has failed. */
  take(maxChanges: number): FeedBatch {
    const changes = this.#changes.splice(0, maxChanges);
    const drained = this.#changes.length === 0;
    const over = drained && this.#ended && (changes.length === 0 || this.#failure === undefined);
    const batch = {
      changes,
      lastSeq: changes.at(-1)?.seq ?? (drained ? this.#endSeq : undefined),
      idle: drained && this.#idle,
      ended: over,
    };
    if (drained) this.#idle = false;
    this.#onRoom?.();
    if (over && this.#failure !== undefined) throw this.#failure as Error;
    return batch;
  }

  /** Ends the feed; what has arrived can still be taken. */
  stop(): void {
    this.#ended = true;
    this.#onArrival?.();
    this.#onRoom?.();
  }

  async #pump(): Promise<void> {
    try {
      for await (const event of this.#events) {
        if (this.#ended) return;
        this.#accept(event);
        this.#onArrival?.();
        if (this.#changes.length >= maxBufferedChanges)
          await new Promise<void>((resolve) => (this.#onRoom = resolve));
      }
    } catch (failure) {
      this.#failure = failure;
    } finally {
      this.stop();
    }
  }

  #accept(event: FeedEvent): void {
    if ('change' in event) {
      this.#changes.push(event.change);
      this.#idle = false;
    } else if ('idle' in event) this.#idle = true;
    else this.#endSeq = event.lastSeq;
  }

  #nextEvent(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#onArrival = undefined;
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      this.#onArrival = done;
    });
  }
}
