import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import { LIMITS, type ErrorCode } from '@restante/protocol';
import type { Logger } from './log.ts';
import { ServiceError, toServiceError } from './service-error.ts';
import { dialectOf } from './spoken-version.ts';

/** Header that carries a request's id from service to service and back to the caller. */
export const REQUEST_ID = 'x-request-id';

/** How many ids one request may carry: a batch has those of all that it is made of, up to this bound. */
export const MAX_REQUEST_IDS = 32;

const REQUEST_IDS = new RegExp(`^[\\w.-]{1,80}(?:,[\\w.-]{1,80}){0,${MAX_REQUEST_IDS - 1}}$`);

/** The id of a request, or the ids with commas between them; a fresh one when none or a bad one was given. */
export const requestIdOf = (headers: IncomingHttpHeaders): string => {
  const given = headers[REQUEST_ID];
  return typeof given === 'string' && REQUEST_IDS.test(given) ? given : randomUUID();
};

const requestIds: RequestHandler = (request, response, next) => {
  const id = requestIdOf(request.headers);
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

/** Whether whoever read a body failed because the request broke off: there is nobody to answer, and nothing was asked. */
const brokeOff = (request: Request, thrown: unknown): boolean =>
  thrown instanceof Error &&
  (thrown === request.errored || ('type' in thrown && thrown.type === 'request.aborted'));

const lastHandler =
  (log: Logger, onError: (code: ErrorCode) => void): ErrorRequestHandler =>
  (thrown: unknown, request, response, next) => {
    if (brokeOff(request, thrown)) {
      response.status(400).destroy();
      return;
    }
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
    const body = error.toBody();
    response.status(status).json(dialectOf(response)?.bodies.say('errorBody', body) ?? body);
  };

/** How a request ended. `route` is the pattern of its path, never the path itself. */
export type Answer = { readonly route: string; readonly method: string; readonly status: number };

/** Tells of each request once its answer is over. */
const watchAnswers =
  (log: Logger, onAnswer: (answer: Answer) => void): RequestHandler =>
  (request, response, next) => {
    const startedAtMs = performance.now();
    response.on('close', () => {
      const { path = 'other' } = (request.route ?? {}) as { readonly path?: string };
      const answer = { route: path, method: request.method, status: response.statusCode };
      onAnswer(answer);
      const durationMs = Math.round(performance.now() - startedAtMs);
      log.debug({ event: 'request', ...answer, requestId: request.get(REQUEST_ID), durationMs }, 'answered');
    });
    next();
  };

/** For `app.all` below a path's own methods. */
export const methodNotAllowed: RequestHandler = () => {
  throw new ServiceError('method-not-allowed', 'this resource does not know the method');
};

/**
 * An express app with what every service does the same way: request ids, no fingerprinting headers, JSON errors
 * of the protocol's table. `routes` adds the service's own; bodies are parsed per route by {@link jsonBody}.
 * `onError` is told the code of every error that is answered, `onAnswer` of every request that is over.
 */
export const createHttpApp = (
  log: Logger,
  routes: (app: Express) => void,
  {
    onError = () => undefined,
    onAnswer = () => undefined,
  }: { readonly onError?: (code: ErrorCode) => void; readonly onAnswer?: (answer: Answer) => void } = {},
): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(requestIds);
  app.use(watchAnswers(log, onAnswer));
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
