import type { Calls } from '../engine/calls.ts';

/** While somebody writes, so often is it saved: a page that goes may not come to do it. */
const SAVE_EVERY_MS = 400;

const joinTexts = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n');

/** What is being written to one account. Saved while it is written, and when it is left. */
export class Draft {
  readonly #calls: Pick<Calls, 'setDraft'>;
  readonly #accountId: string;
  #text = $state.raw('');
  /** Texts that are not messages yet, oldest first. */
  #sending: readonly { readonly text: string }[] = [];
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
    if (this.#timer === undefined) this.#saveAndWait();
  }

  /**
   * Hands the text to `send`, which keeps `rest` as the draft together with the message. The box is empty at once. A text
   * that was not sent stands before what was written meanwhile.
   */
  async sendBy(send: (text: string, rest: string) => Promise<unknown>): Promise<void> {
    const sending = { text: this.#text };
    const saved = this.#saved;
    this.#text = '';
    const rest = this.#unsent;
    this.#sending = [...this.#sending, sending];
    try {
      await send(sending.text, rest);
      if (this.#saved === saved) this.#saved = rest;
    } catch (error) {
      this.#text = joinTexts(sending.text, this.#text);
      throw error;
    } finally {
      this.#sending = this.#sending.filter((other) => other !== sending);
      this.save();
    }
  }

  /** Saves what is not saved yet. One that fails is tried again with the next. */
  save(): void {
    this.#stopWaiting();
    const text = this.#unsent;
    if (text === this.#saved) return;
    const before = this.#saved;
    this.#saved = text;
    this.#calls.setDraft(this.#accountId, text).catch(() => {
      if (this.#saved === text) this.#saved = before;
    });
  }

  get #unsent(): string {
    return joinTexts(...this.#sending.map(({ text }) => text), this.#text);
  }

  #saveAndWait(): void {
    this.save();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#unsent !== this.#saved) this.#saveAndWait();
    }, SAVE_EVERY_MS);
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
