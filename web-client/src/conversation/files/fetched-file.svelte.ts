import type { Message } from '@restante/client';
import { failureOf, type Failure } from '../../services/error-text.ts';
import type { MessageFiles } from '../../state/message-files.ts';

/** A file of a message that somebody wants to see or save. */
export class FetchedFile {
  readonly #read: () => Promise<Blob>;
  #content = $state.raw<Blob | null>(null);
  #failure = $state.raw<Failure | null>(null);
  #fetching: Promise<Blob | null> | null = $state.raw(null);
  #isAskedFor = false;

  constructor(files: MessageFiles, message: Message, index: number) {
    this.#read = () => files.read(message, index);
  }

  get content(): Blob | null {
    return this.#content;
  }
  get failure(): Failure | null {
    return this.#failure;
  }
  get isFetching(): boolean {
    return this.#fetching !== null;
  }

  /** All of it; null when that failed. What is under way is not begun again. */
  fetch(): Promise<Blob | null> {
    this.#isAskedFor = true;
    return this.#begin();
  }
  /** The same for nobody who has asked: that it failed is not told. */
  fetchUnasked(): Promise<Blob | null> {
    return this.#begin();
  }

  #begin(): Promise<Blob | null> {
    if (this.#content !== null) return Promise.resolve(this.#content);
    return (this.#fetching ??= this.#fetch());
  }

  async #fetch(): Promise<Blob | null> {
    this.#failure = null;
    try {
      this.#content = await this.#read();
      return this.#content;
    } catch (error) {
      if (this.#isAskedFor) this.#failure = failureOf(error);
      return null;
    } finally {
      this.#fetching = null;
      this.#isAskedFor = false;
    }
  }
}
