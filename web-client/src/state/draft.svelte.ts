import type { Calls } from '../engine/calls.ts';

const SAVE_AFTER_MS = 400;

/** What is being written to one account. Saved while it is written, and when it is left. */
export class Draft {
  readonly #calls: Pick<Calls, 'setDraft'>;
  readonly #accountId: string;
  #text = $state.raw('');
  #saved: string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `saved`: what the conversation has kept. */
  constructor(calls: Pick<Calls, 'setDraft'>, accountId: string, saved: string) {
    this.#calls = calls;
    this.#accountId = accountId;
    this.#text = saved;
    this.#saved = saved;
  }

  get text(): string {
    return this.#text;
  }

  write(text: string): void {
    this.#text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  /** Hands the text to `send`, and the box is empty at once. A text that was not sent stands before what was written meanwhile. */
  async sendBy(send: (text: string) => Promise<unknown>): Promise<void> {
    const text = this.#text;
    this.#text = '';
    clearTimeout(this.#timer);
    try {
      await send(text);
    } catch (error) {
      this.#text = this.#text === '' ? text : `${text}\n${this.#text}`;
      throw error;
    } finally {
      this.save();
    }
  }

  /** Saves what is not saved yet. One that fails is tried again with the next. */
  save(): void {
    clearTimeout(this.#timer);
    if (this.#text === this.#saved) return;
    const before = this.#saved;
    const text = this.#text;
    this.#saved = text;
    this.#calls.setDraft(this.#accountId, text).catch(() => {
      if (this.#saved === text) this.#saved = before;
    });
  }
}
