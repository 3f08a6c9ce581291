import type { ConversationId } from '@restante/client';
import type { Calls } from '../engine/calls.ts';
import type { UnsavedDrafts } from '../services/unsaved-drafts.ts';

/** While somebody writes, so often is it saved. */
const SAVE_EVERY_MS = 400;

const joinTexts = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n');

type DraftParts = {
  readonly calls: Pick<Calls, 'setDraft'>;
  readonly unsaved: UnsavedDrafts;
  readonly conversation: ConversationId;
  /** What the conversation has kept. */
  readonly saved: string;
};

/** What is being written to one account. Saved while it is written, and when it is left. */
export class Draft {
  readonly #calls: Pick<Calls, 'setDraft'>;
  readonly #unsaved: UnsavedDrafts;
  readonly #conversation: ConversationId;
  #text = $state.raw('');
  /** Texts that are not messages yet, oldest first. */
  #sending: readonly { readonly text: string }[] = [];
  /** What the vault is known to have. */
  #confirmed: string;
  /** What it has been asked to keep and has not answered yet, in that order. */
  #asked: readonly string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ calls, unsaved, conversation, saved }: DraftParts) {
    this.#calls = calls;
    this.#unsaved = unsaved;
    this.#conversation = conversation;
    this.#confirmed = saved;
    this.#text = unsaved.take(conversation, saved) ?? saved;
    this.save();
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
      if (this.#saved === saved) [this.#confirmed, this.#asked] = [rest, []];
      this.#unsaved.forget(this.#conversation);
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
    this.#asked = [...this.#asked, text];
    this.#calls.setDraft(this.#conversation, text).then(
      () => this.#confirm(text),
      () => this.#answered(text),
    );
  }

  /** The page may go before an answer comes. */
  leave(): void {
    this.save();
    const text = this.#unsent;
    if (text === this.#confirmed) return;
    this.#unsaved.keep(this.#conversation, text, [this.#confirmed, ...this.#asked]);
  }

  get #saved(): string {
    return this.#asked.at(-1) ?? this.#confirmed;
  }

  #answered(text: string): void {
    const at = this.#asked.indexOf(text);
    if (at >= 0) this.#asked = this.#asked.toSpliced(at, 1);
  }

  #confirm(text: string): void {
    this.#answered(text);
    this.#confirmed = text;
    if (text === this.#unsent) this.#unsaved.forget(this.#conversation);
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
