import { databaseMissing } from '../couch-error.ts';

/** Lets calls through until it is closed; closing waits for those under way. A later call fails as one to a missing database. */
export class CallGate {
  #closed = false;
  #underWay = 0;
  #whenIdle: (() => void) | undefined;

  get isClosed(): boolean {
    return this.#closed;
  }

  async pass<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.#closed) throw databaseMissing();
    this.#underWay += 1;
    try {
      return await action();
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#whenIdle?.();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
  }
}
