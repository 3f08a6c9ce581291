import type { Message } from '@restante/client';
import { SvelteMap } from 'svelte/reactivity';
import { compareMessages, messageKey } from './message-window.ts';

/** Messages that something is done with at once. */
export const MAX_SELECTED = 100;

/** Texts of a conversation with which something is to be done together. What is taken back or deleted leaves it. */
export class Selection {
  readonly #byKey = new SvelteMap<string, Message>();
  readonly #sorted = $derived([...this.#byKey.values()].sort(compareMessages));

  constructor(first: Message) {
    this.toggle(first);
  }

  /** Oldest first. */
  get messages(): readonly Message[] {
    return this.#sorted;
  }
  get isFull(): boolean {
    return this.#byKey.size >= MAX_SELECTED;
  }
  has(message: Message): boolean {
    return this.#byKey.has(messageKey(message));
  }
  /** Only a text is taken in, and none when it is full. */
  toggle(message: Message): void {
    const key = messageKey(message);
    if (this.#byKey.delete(key) || this.isFull || message.kind !== 'text') return;
    this.#byKey.set(key, message);
  }
  /** What has become of a message; null: it is gone. */
  update(key: string, message: Message | null): void {
    if (!this.#byKey.has(key)) return;
    if (message?.kind === 'text') this.#byKey.set(key, message);
    else this.#byKey.delete(key);
  }
}
