import { ServiceError, type CouchAddress } from '@restante/service-kit';
import type { Response } from 'express';
import { pipeline } from 'node:stream/promises';
import { Agent, request } from 'undici';

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
  /** @throws ServiceError `unavailable` when CouchDB does not answer, or has no answer but an error of its own */
  readonly pass: (passed: Passed, response: Response) => Promise<void>;
};

const ANSWER_WITHIN_MS = 30_000;
const CONNECTIONS = 64;

export const createPassage = ({ url, username, password }: CouchAddress): Passage => {
  const agent = new Agent({
    connect: { timeout: 2_000 },
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
    connections: CONNECTIONS,
  });
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return {
    pass: async ({ method, path, accept, body }, response) => {
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      const answer = await request(`${url}${path}`, {
        dispatcher: agent,
        method,
        headers: {
          authorization,
          accept: accept ?? 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: gone.signal,
      }).catch((cause: unknown) => {
        throw new ServiceError('unavailable', 'the store does not answer', { cause });
      });
      if (answer.statusCode >= 500) {
        await answer.body.dump();
        throw new ServiceError('unavailable', `the store answered ${answer.statusCode}`);
      }
      response.status(answer.statusCode);
      const type = answer.headers['content-type'];
      if (typeof type === 'string') response.set('content-type', type);
      response.flushHeaders();
      // Either of the two may go at any time: the other one is told by the end of its connection.
      await pipeline(answer.body, response).catch(() => response.destroy());
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
};
