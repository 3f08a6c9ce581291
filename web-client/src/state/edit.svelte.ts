import type { Message } from '@restante/client';

/** An own text that is being edited, and the words that it is to say. */
export class Edit {
  #message = $state.raw() as Message;
  #text = $state.raw('');

  constructor(message: Message) {
    this.#message = message;
    this.#text = message.text;
  }

  get message(): Message {
    return this.#message;
  }
  set message(message: Message) {
    this.#message = message;
  }
  get text(): string {
    return this.#text;
  }
  write(text: string): void {
    this.#text = text;
  }
}
