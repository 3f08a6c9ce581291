const AT_ONCE = 6;
const MINUTE_MS = 60_000;

/** How fast the frames of one connection are taken: so many a minute, and a sixth of that at once. */
export class FrameRate {
  readonly #most: number;
  readonly #perMs: number;
  readonly #now: () => number;
  #left: number;
  #at: number;

  /** `now`: milliseconds; a clock that is set back costs what was to come until then. */
  constructor(perMinute: number, now: () => number) {
    this.#most = Math.max(1, perMinute / AT_ONCE);
    this.#perMs = perMinute / MINUTE_MS;
    this.#now = now;
    this.#left = this.#most;
    this.#at = now();
  }

  /** Takes one; false: it is too early for that. */
  take(): boolean {
    this.#fill();
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  /** Whether the frames of the last while came slowly enough for as many at once as at the start. */
  isRested(): boolean {
    this.#fill();
    return this.#left === this.#most;
  }

  /** Milliseconds after which one that was too early is not any more. */
  waitMs(): number {
    return Math.max(1, Math.ceil((1 - this.#left) / this.#perMs));
  }

  #fill(): void {
    const time = this.#now();
    this.#left = Math.min(this.#most, this.#left + Math.max(0, time - this.#at) * this.#perMs);
    this.#at = time;
  }
}
