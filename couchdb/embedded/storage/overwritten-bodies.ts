/** A reader that has found a revision reads its body well within this time. */
const quietMs = 5_000;

/** Drops the bodies of overwritten revisions once their document has been left alone for a while. */
export class OverwrittenBodies {
  readonly #drop: (id: string) => Promise<unknown>;
  readonly #timer: NodeJS.Timeout;
  #written = new Set<string>();
  /** Not written since the last round. */
  #quiet = new Set<string>();
  #isDropping = false;

  /** `drop`: all bodies of a document but those of its leaves. */
  constructor(drop: (id: string) => Promise<unknown>, everyMs = quietMs) {
    this.#drop = drop;
    this.#timer = setInterval(() => void this.#round(), everyMs).unref();
  }

  note(ids: readonly string[]): void {
    for (const id of ids) {
      this.#quiet.delete(id);
      this.#written.add(id);
    }
  }

  end(): void {
    clearInterval(this.#timer);
  }

  async #round(): Promise<void> {
    if (this.#isDropping) return;
    this.#isDropping = true;
    for (const id of this.#quiet) {
      // What fails, as when the database is closed, is done after the next write to the document.
      await this.#drop(id).catch(() => undefined);
    }
    this.#quiet = this.#written;
    this.#written = new Set();
    this.#isDropping = false;
  }
}
