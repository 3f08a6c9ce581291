type Timer = {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  readonly awaited: boolean;
};

const realImmediate = setImmediate;
const TIMED_OUT = new DOMException('timed out', 'TimeoutError');

/** Resolves when everything that waits for no timer and no network has been done. */
export const settled = (): Promise<void> => new Promise((resolve) => realImmediate(resolve));

/**
 * Time that goes on only when a test says so, and chance that is the same each time. While it is there it is the time of this whole
 * process: only what runs in steps may run then.
 */
export class ScriptedTime implements Disposable {
  now: number;
  readonly #timers = new Map<number, Timer>();
  #handles = 0;
  #chance = 0;

  readonly #restore: readonly (() => void)[];

  /** Takes the place of the clocks, timers and chance of this process until it is disposed of. */
  constructor(now: number) {
    this.now = now;
    const replace = <T extends object>(owner: T, replaced: Partial<T>): (() => void) => {
      const names = Object.keys(replaced) as (keyof T)[];
      const before = Object.fromEntries(names.map((name) => [name, owner[name]]));
      Object.assign(owner, replaced);
      return () => void Object.assign(owner, before);
    };
    const timeout = (ms: number): AbortSignal => {
      const ended = new AbortController();
      this.#set(() => ended.abort(TIMED_OUT), ms, false);
      return ended.signal;
    };
    const timers = {
      setTimeout: (act: () => void, ms = 0) => this.#set(act, ms, true),
      clearTimeout: (handle: number | undefined) => this.#timers.delete(handle ?? 0),
    };
    this.#restore = [
      replace<object>(globalThis, timers),
      replace(Date, { now: () => this.now }),
      replace(performance, { now: () => this.now }),
      replace(Math, { random: () => this.random() }),
      replace(AbortSignal, { timeout }),
    ];
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore();
  }

  /** In [0, 1): a Weyl sequence, mixed. */
  random(): number {
    this.#chance = (this.#chance + 0x9e3779b9) >>> 0;
    let mixed = this.#chance;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }

  /** Goes on by `ms`, from timer to timer. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const due = this.#next(true);
      if (due === undefined || due.at > end) break;
      await this.#goTo(due.at);
    }
    await this.#goTo(end);
  }

  /** Goes on to the next timer that somebody waits for. */
  async advanceToNext(): Promise<void> {
    await this.#goTo(this.#next(true)?.at ?? this.now + 1_000);
  }

  async #goTo(at: number): Promise<void> {
    this.now = Math.max(this.now, at);
    const due = [...this.#timers].filter(([, timer]) => timer.at <= this.now);
    due.sort(([, a], [, b]) => a.at - b.at || a.order - b.order);
    for (const [handle, { run }] of due) {
      if (!this.#timers.delete(handle)) continue;
      run();
      await settled();
    }
  }

  #next(awaited: boolean): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers.values())
      if (timer.awaited === awaited && (next === undefined || timer.at < next.at)) next = timer;
    return next;
  }

  #set(run: () => void, ms: number, awaited: boolean): number {
    this.#handles += 1;
    const at = this.now + Math.max(0, ms);
    this.#timers.set(this.#handles, { at, order: this.#handles, run, awaited });
    return this.#handles;
  }
}
