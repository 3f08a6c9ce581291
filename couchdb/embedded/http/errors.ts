import type { ErrorRequestHandler, RequestHandler } from 'express';
import { badRequest, CouchError, notFound, toCouchError } from '../couch-error.ts';
import type { TellFault } from '../fault-log.ts';
import { StreamCut } from './json-stream.ts';
import { sendJson } from './send-json.ts';
import { brokeOff } from './unread-request.ts';

export const unknownRoute: RequestHandler = () => {
  throw notFound('missing');
};

export function methodNotAllowed(allowed: string): RequestHandler {
  return (_request, response) =>
    sendJson(
      response,
      405,
      { error: 'method_not_allowed', reason: `Only ${allowed} allowed` },
      { allow: allowed },
    );
}

/** The last handler: every failure becomes CouchDB's answer, or the end of one that has begun. */
export function errorHandler(tellFault: TellFault): ErrorRequestHandler {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- express knows an error handler by its four parameters
  return (failure: unknown, request, response, _next) => {
    if (failure instanceof StreamCut) return;
    if (brokeOff(failure)) {
      response.destroy();
      return;
    }
    const error = fromBodyParser(failure) ?? toCouchError(failure);
    if (error.status >= 500 && error.status !== 501)
      tellFault('request failed', { method: request.method, answer: error.error }, failure);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const headers = error.status === 401 ? { 'www-authenticate': 'Basic realm="server"' } : {};
    sendJson(response, error.status, error, headers);
  };
}

/** What express and its body reader throw carries a `type` or is a URIError. */
function fromBodyParser(failure: unknown): CouchError | undefined {
  if (failure instanceof URIError) return badRequest('The path is not valid percent-encoded UTF-8');
  const type = (failure as { type?: unknown } | null)?.type;
  switch (type) {
    case 'entity.too.large':
      return new CouchError(413, 'too_large', 'the request entity is too large');
    case 'entity.parse.failed':
      return badRequest('invalid UTF-8 JSON');
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new CouchError(415, 'bad_content_type', 'Unsupported encoding of the request body');
    default:
      return typeof type === 'string' ? badRequest('The request body could not be read') : undefined;
  }
}
