import type * as z from 'zod/mini';
import { MessengerError } from '../messenger-error.ts';
import { chunksOf } from './chunks.ts';

export type Fetch = typeof globalThis.fetch;

export type HttpRequest = {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly token?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 15_000;
/** More than any answer that keeps to the protocol (a page: 4 MiB of envelopes and one more). */
const MAX_ANSWER_BYTES = 6 * 1024 * 1024;

const headersOf = ({ token, body }: Pick<HttpRequest, 'token' | 'body'>): Record<string, string> => ({
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  ...(body === undefined ? {} : { 'content-type': 'application/json' }),
});

const readText = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of chunksOf(response.body)) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new MessengerError('bad-answer', 'the answer is too large');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
};

const parseJson = (text: string): unknown => {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Any failure that is not an answer becomes `unreachable`; its text may name hosts, so it is only the cause. */
const unreachable = (cause: unknown): MessengerError =>
  cause instanceof MessengerError
    ? cause
    : new MessengerError('unreachable', 'no answer from the server', { cause });

/** The response to a request, whatever its status. Throws `unreachable`. */
export const request = async (fetch: Fetch, options: HttpRequest): Promise<Response> => {
  const { url, method, body, signal } = options;
  try {
    return await fetch(url, {
      method,
      headers: headersOf(options),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw unreachable(error);
  }
};

/** The JSON answer to a request, checked by `schema`. Throws the server's error, `unreachable` or `bad-answer`. */
export const requestJson = async <T>(
  fetch: Fetch,
  schema: z.ZodMiniType<T>,
  options: HttpRequest,
): Promise<T> => {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const response = await request(fetch, { ...options, signal });
  const text = await readText(response).catch((error: unknown) => {
    throw unreachable(error);
  });
  const json = parseJson(text);
  if (!response.ok) throw MessengerError.fromBody(json);
  const parsed = schema.safeParse(json);
  if (!parsed.success)
    throw new MessengerError('bad-answer', 'the answer breaks the protocol', { cause: parsed.error });
  return parsed.data;
};
