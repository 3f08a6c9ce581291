import { VERSION_HEADER, VERSIONS_HEADER } from '@restante/protocol';
import type { RequestHandler } from 'express';
import { REQUEST_ID } from './http-app.ts';

/** What the messenger asks with, and what it reads of answers. */
const METHODS = 'GET, POST, PUT, DELETE';
const ASKED_WITH = ['authorization', 'content-type', VERSION_HEADER].join(', ');
const READ = [VERSIONS_HEADER, 'retry-after', REQUEST_ID].join(', ');
/** As long as any browser remembers. */
const MAX_AGE_S = 7200;

/**
 * Lets pages of these origins ask and read answers, and nobody else's (CORS). No cookies: whoever asks shows a token. Answers preflights;
 * without an origin, or from another one, a request goes on as it would.
 */
export const allowOrigins = (origins: readonly string[]): RequestHandler => {
  const allowed = new Set(origins);
  return (request, response, next) => {
    if (allowed.size > 0) response.vary('origin');
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) {
      next();
      return;
    }
    response.set('access-control-allow-origin', origin);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      response.set('access-control-expose-headers', READ);
      next();
      return;
    }
    response.set({
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': ASKED_WITH,
      'access-control-max-age': String(MAX_AGE_S),
    });
    response.sendStatus(204);
  };
};
