import type { Calls } from '../engine/calls.ts';
import { failureOf, type Failure } from '../services/error-text.ts';

type Shown = Awaited<ReturnType<Calls['showLinkCode']>>;

const TICK_MS = 500;

/** A code that this device shows, and how long it is still good. */
export class ShownCode {
  readonly #make: () => Promise<Shown>;
  #shown = $state.raw<Shown | null>(null);
  #failure = $state.raw<Failure | null>(null);
  #secondsLeft = $state.raw(0);
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Of the newest one that was asked for. */
  #turn = 0;

  constructor(make: () => Promise<Shown>) {
    this.#make = make;
  }

  get code(): string | null {
    return this.#shown?.code ?? null;
  }
  get failure(): Failure | null {
    return this.#failure;
  }
  get secondsLeft(): number {
    return this.#secondsLeft;
  }
  /** Makes a code in the place of the one before. Answers with its id; null: there is none, or a newer one was asked for. */
  async make(): Promise<string | null> {
    this.stop();
    const turn = this.#turn;
    try {
      const shown = await this.#make();
      if (turn !== this.#turn) return null;
      this.#begin(shown);
      return shown.link;
    } catch (error) {
      if (turn === this.#turn) this.#failure = failureOf(error);
      return null;
    }
  }
  /** Shows it no more. */
  stop(): void {
    this.#turn += 1;
    clearInterval(this.#timer);
    this.#shown = null;
    this.#failure = null;
  }
  /** It has come to nothing: its time is over, or why not. A newer one is not concerned. */
  fail(link: string, error: unknown): void {
    if (this.#shown?.link !== link) return;
    const failure = failureOf(error);
    clearInterval(this.#timer);
    if (failure.code === 'link-ended') {
      this.#secondsLeft = 0;
      return;
    }
    this.stop();
    this.#failure = failure;
  }

  #begin(shown: Shown): void {
    const endsAt = performance.now() + shown.endsInMs;
    const tick = (): void => {
      this.#secondsLeft = Math.max(0, Math.ceil((endsAt - performance.now()) / 1_000));
      if (this.#secondsLeft === 0) clearInterval(this.#timer);
    };
    this.#shown = shown;
    this.#timer = setInterval(tick, TICK_MS);
    tick();
  }
}
