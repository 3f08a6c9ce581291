import type { CallError } from './channel.ts';

/** A call that the messenger refused. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: CallError['code'];
  readonly retryAfterMs: number | undefined;

  constructor({ code, message, retryAfterMs }: CallError) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
