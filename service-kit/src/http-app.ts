import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import { LIMITS, type ErrorCode } from '@restante/protocol';
import type { Logger } from './log.ts';
import { ServiceError, toServiceError } from './service-error.ts';

/** Header that carries a request's id from service to service and back to the caller. */
export const REQUEST_ID = 'x-request-id';

const requestIds: RequestHandler = (request, response, next) => {
  const given = request.get(REQUEST_ID);
  const id = given !== undefined && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
  request.headers[REQUEST_ID] = id;
  response.set(REQUEST_ID, id);
  next();
};

/** Parses a JSON body of at most `maxBytes`; any other content type is refused. */
export const jsonBody = (maxBytes: number = LIMITS.bodyBytes): RequestHandler[] => [
  (request, _response, next) => {
    if (request.is('application/json') === false) {
      throw new ServiceError('unsupported-media-type', 'the body must be application/json');
    }
    next();
  },
  express.json({ limit: maxBytes, strict: true }),
];

/** Errors of express's own parsers and router, by their `status`. */
const fromExpress = (thrown: unknown): unknown => {
  if (thrown instanceof ServiceError || !(thrown instanceof Error) || !('status' in thrown)) return thrown;
  const codes: Record<number, [ErrorCode, string]> = {
    400: ['bad-request', 'the request could not be read'],
    413: ['payload-too-large', 'the body is too large'],
    415: ['unsupported-media-type', 'the body has an unknown encoding'],
  };
  const row = codes[Number(thrown.status)];
  return row ? new ServiceError(row[0], row[1], { cause: thrown }) : thrown;
};

const lastHandler =
  (log: Logger, onError: (code: ErrorCode) => void): ErrorRequestHandler =>
  (thrown: unknown, request, response, next) => {
    const error = toServiceError(fromExpress(thrown));
    onError(error.code);
    const { level, status } = error.row;
    log[level](
      {
        event: 'request-failed',
        code: error.code,
        method: request.method,
        requestId: request.get(REQUEST_ID),
        err: error,
      },
      error.message,
    );
    if (response.headersSent) {
      next(thrown);
      return;
    }
    if (error.detail.retryAfterMs !== undefined) {
      response.set('retry-after', String(Math.ceil(error.detail.retryAfterMs / 1000)));
    }
    response.status(status).json(error.toBody());
  };

/** For `app.all` below a path's own methods. */
export const methodNotAllowed: RequestHandler = () => {
  throw new ServiceError('method-not-allowed', 'this resource does not know the method');
};

/**
 * An express app with what every service does the same way: request ids, no fingerprinting headers, JSON errors
 * of the protocol's table. `routes` adds the service's own; bodies are parsed per route by {@link jsonBody}.
 * `onError` is told the code of every error that is answered.
 */
export const createHttpApp = (
  log: Logger,
  routes: (app: Express) => void,
  onError: (code: ErrorCode) => void = () => undefined,
): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(requestIds);
  routes(app);
  app.use(() => {
    throw new ServiceError('not-found', 'no such resource');
  });
  app.use(lastHandler(log, onError));
  return app;
};

/**
 * The token of an `Authorization: Bearer` header.
 *
 * @throws ServiceError `unauthorized`
 */
export const bearerToken = (request: Request): string => {
  const match = /^Bearer ([\w.-]{1,4096})$/.exec(request.get('authorization') ?? '');
  if (match?.[1] === undefined) throw new ServiceError('unauthorized', 'a bearer token is needed');
  return match[1];
};
