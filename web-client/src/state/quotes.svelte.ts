import type { Message, MessageReference } from '@restante/client';
import { SvelteMap } from 'svelte/reactivity';
import type { Calls } from '../engine/calls.ts';
import { messageKey, referencedKey } from './message-window.ts';

/** Quoted messages that are kept; those that were asked for first go first. */
const MAX_QUOTES = 500;

/** Messages that others quote and that may be far away: asked for when they are needed, many by one call. */
export class Quotes {
  readonly #calls: Pick<Calls, 'messagesByReference'>;
  readonly #self: string;
  readonly #known = new SvelteMap<string, Message | null>();
  #wanted: Record<string, MessageReference> = {};

  constructor(calls: Pick<Calls, 'messagesByReference'>, self: string) {
    this.#calls = calls;
    this.#self = self;
  }

  /** `null`: it is not on this device; `undefined`: that is not known yet. */
  get(reference: MessageReference): Message | null | undefined {
    const key = referencedKey(reference, this.#self);
    const message = this.#known.get(key);
    if (message === undefined && !(key in this.#wanted)) {
      if (Object.keys(this.#wanted).length === 0) queueMicrotask(() => void this.#ask());
      this.#wanted[key] = reference;
    }
    return message;
  }

  /** Keeps a quoted message as it is now; `null` when it is gone. */
  update(key: string, message: Message | null): void {
    if (this.#known.has(key)) this.#known.set(key, message);
  }

  async #ask(): Promise<void> {
    const wanted = Object.entries(this.#wanted);
    const found = await this.#calls
      .messagesByReference(wanted.map(([, reference]) => reference))
      .catch(() => null);
    this.#wanted = {};
    // Nothing is known then: whoever shows it asks again.
    if (found === null) return;
    wanted.forEach(([key], index) => {
      const message = found[index] ?? null;
      this.#known.set(message === null ? key : messageKey(message), message);
    });
    for (const key of this.#known.keys()) {
      if (this.#known.size <= MAX_QUOTES) break;
      this.#known.delete(key);
    }
  }
}
