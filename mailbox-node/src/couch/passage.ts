import { CouchError, ServiceError, type CouchAddress } from '@restante/service-kit';
import type { Response } from 'express';
import { pipeline } from 'node:stream/promises';
import { Agent, request } from 'undici';
import { z } from 'zod';
import type { Pace } from '../mesh/pace.ts';

/** A request to this node's CouchDB on somebody else's behalf. */
export type Passed = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Below the server's address, with the query, escaped. */
  readonly path: string;
  readonly accept: string | undefined;
  /** To be sent as JSON. */
  readonly body?: unknown;
};

/** Sends requests on to this node's CouchDB, and the answers back as they are. So many at a time that one side of the gate holds up nobody else. */
export type Passage = AsyncDisposable & {
  /**
   * `pace`: of the answer's bytes.
   *
   * @throws ServiceError `unavailable` when CouchDB does not answer, or has no answer but an error of its own
   */
  readonly pass: (passed: Passed, response: Response, pace?: Pace | null) => Promise<void>;
  /**
   * What CouchDB answers to a GET of this node's own, of JSON. `signal` gives it up, and its connection with it.
   *
   * @throws ServiceError `unavailable`, or CouchError with CouchDB's status
   */
  readonly ask: (path: string, signal: AbortSignal) => Promise<unknown>;
};

const noAnswer = (cause: unknown): never => {
  throw new ServiceError('unavailable', 'the store does not answer', { cause });
};
const failure = z.object({ reason: z.string() }).catch({ reason: '' });

const ANSWER_WITHIN_MS = 30_000;

/** Reads on when what was read has passed: nothing piles up, and its reader is never without a sign of life for long. */
async function* atPace(body: AsyncIterable<Buffer>, pace: Pace, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    await pace.take(chunk.length, signal);
    yield chunk;
  }
}

/** `connections`: requests under way at a time; the others wait for them. */
export const createPassage = ({ url, username, password }: CouchAddress, connections = 64): Passage => {
  const agent = new Agent({
    connect: { timeout: 2_000 },
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
    connections,
  });
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const send = async ({ method, path, accept, body }: Passed, signal: AbortSignal) => {
    const answer = await request(`${url}${path}`, {
      dispatcher: agent,
      method,
      headers: {
        authorization,
        accept: accept ?? 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
    }).catch(noAnswer);
    if (answer.statusCode < 500) return answer;
    await answer.body.dump();
    throw new ServiceError('unavailable', `the store answered ${answer.statusCode}`);
  };
  return {
    pass: async (passed, response, pace = null) => {
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      const answer = await send(passed, gone.signal);
      response.status(answer.statusCode);
      const type = answer.headers['content-type'];
      if (typeof type === 'string') response.set('content-type', type);
      response.flushHeaders();
      // Either of the two may go at any time: the other one is told by the end of its connection.
      const paced = pace === null ? answer.body : atPace(answer.body, pace, gone.signal);
      await pipeline(paced, response).catch(() => response.destroy());
    },
    ask: async (path, signal) => {
      const { statusCode, body } = await send({ method: 'GET', path, accept: undefined }, signal);
      const answer: unknown = await body.json().catch(noAnswer);
      if (statusCode < 400) return answer;
      throw new CouchError(statusCode, failure.parse(answer).reason);
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
};
