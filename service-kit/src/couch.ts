import nano from 'nano';
import { Agent } from 'undici';
import { ServiceError } from './service-error.ts';

export type CouchServer = nano.ServerScope;

/**
 * A connection to one CouchDB. `url` carries the credentials. A hung server fails after `timeoutMs`, and one that answers with more than
 * `maxAnswerBytes` as if it were hung.
 */
export const connectCouch = (
  url: string,
  timeoutMs: number,
  { maxAnswerBytes = -1 }: { readonly maxAnswerBytes?: number } = {},
): CouchServer & AsyncDisposable => {
  const agent = new Agent({
    connect: { timeout: Math.min(timeoutMs, 2_000) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxAnswerBytes,
    connections: 64,
    keepAliveTimeout: 30_000,
  });
  // A path before the databases is the node's own: nano takes it for a database otherwise.
  const server = nano({ url, parseUrl: false, agentOptions: agent } as unknown as nano.Configuration);
  return Object.assign(server, { [Symbol.asyncDispose]: () => agent.destroy() });
};

/** What a CouchDB refused, without the request that nano keeps on its errors (law 6). */
export class CouchError extends Error {
  override readonly name = 'CouchError';
  readonly statusCode: number;
  readonly reason: string;

  constructor(statusCode: number, reason: string) {
    super(`CouchDB answered ${statusCode}: ${reason}`);
    this.statusCode = statusCode;
    this.reason = reason;
  }
}

/**
 * CouchDB answers, and cannot do what it was asked. To a write: its disk is full, nearly always. Its disk monitor answers
 * 507; a write that found the disk full 500, with no more than `internal_server_error` for a reason.
 */
export class StoreFailedError extends ServiceError {
  constructor() {
    super('unavailable', 'the store cannot do this now', { retryAfterMs: 5_000 });
  }
}

/**
 * A driver's error as ours: `unavailable` when CouchDB could not be reached or cannot serve now, a
 * {@link StoreFailedError} when it failed itself, otherwise a {@link CouchError} with status and reason. nano's failures to
 * connect have neither status nor code.
 */
export const toCouchError = (thrown: unknown): ServiceError | CouchError => {
  if (thrown instanceof ServiceError || thrown instanceof CouchError) return thrown;
  const status =
    typeof thrown === 'object' && thrown !== null && 'statusCode' in thrown ? thrown.statusCode : 0;
  const reason = typeof thrown === 'object' && thrown !== null && 'reason' in thrown ? thrown.reason : '';
  if (typeof status === 'number' && status >= 400 && status < 500 && status !== 429) {
    return new CouchError(status, String(reason).slice(0, 200));
  }
  if (status === 500 || status === 507) return new StoreFailedError();
  return new ServiceError('unavailable', 'the store does not answer');
};

/**
 * An answer of nano that is whole. nano turns one that breaks off into an empty text: that is a failure too, or a page of
 * a mailbox would look empty. Throws what {@link toCouchError} takes for no answer.
 */
export const wholeAnswer = <T>(answer: T): T => {
  if (typeof answer === 'object' && answer !== null) return answer;
  throw new Error('the answer broke off');
};

/** Whether CouchDB answered with this status. */
export const hasStatus = (thrown: unknown, statusCode: number): boolean => {
  const error = toCouchError(thrown);
  return error instanceof CouchError && error.statusCode === statusCode;
};
