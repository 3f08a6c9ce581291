import type { Response } from 'express';
import { once } from 'node:events';

const chunkBytes = 64 * 1024;
/** A reader that takes nothing for so long is cut off. */
const stalledMs = 60_000;

/** Writes an answer of unknown length in chunks, no faster than it is read. */
export class JsonStream {
  readonly #response: Response;
  readonly #signal: AbortSignal;
  #pending = '';

  constructor(response: Response, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
  }

  /** Sends the headers and what comes first, so that the reader knows that it is connected. */
  async start(text = ''): Promise<void> {
    this.#response.status(200).type('application/json').flushHeaders();
    await this.flush(text);
  }

  async write(text: string): Promise<void> {
    this.#pending += text;
    if (this.#pending.length >= chunkBytes) await this.flush();
  }

  async flush(text = ''): Promise<void> {
    const chunk = this.#pending + text;
    this.#pending = '';
    if (chunk === '' || this.#response.write(chunk)) return;
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(stalledMs)]);
    try {
      await once(this.#response, 'drain', { signal });
    } catch {
      this.#response.destroy();
      throw new StreamCut();
    }
  }

  end(text = ''): void {
    this.#response.end(this.#pending + text);
    this.#pending = '';
  }
}

/** The reader went away or stalled: nobody is left to be answered. */
export class StreamCut extends Error {
  override readonly name = 'StreamCut';
}
