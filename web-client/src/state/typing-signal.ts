/** How often the other side is told again that somebody is writing. */
const REPEAT_MS = 4_000;
/** After this long without a keystroke nobody is writing. */
const SILENCE_MS = 6_000;

/** Tells the other side that somebody is writing: seldom, and that they have stopped. */
export class TypingSignal {
  readonly #send: (active: boolean) => void;
  #told: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (active: boolean) => void) {
    this.#send = send;
  }

  /** A key was pressed. */
  typed(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.stop(), SILENCE_MS);
    if (this.#told !== undefined) return;
    this.#told = setTimeout(() => (this.#told = undefined), REPEAT_MS);
    this.#send(true);
  }

  /** It was sent, left or emptied. */
  stop(): void {
    if (this.#silence === undefined) return;
    clearTimeout(this.#silence);
    clearTimeout(this.#told);
    this.#silence = undefined;
    this.#told = undefined;
    this.#send(false);
  }
}
