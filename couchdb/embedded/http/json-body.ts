import express, { type Request, type RequestHandler } from 'express';
import { badRequest, CouchError } from '../couch-error.ts';
import { isObject, type JsonObject } from '../json-object.ts';

export const maxRequestBytes = 64 * 1024 * 1024;

/** Reads a JSON body of any declared type: what CouchDB does with a document. */
export const jsonBody: RequestHandler = express.json({
  limit: maxRequestBytes,
  strict: false,
  type: () => true,
});

/** Turns down what is not declared as JSON, then reads it. */
export const declaredJsonBody: RequestHandler[] = [
  (request, _response, next) => {
    const declared = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    if (declared !== 'application/json')
      throw new CouchError(415, 'bad_content_type', 'Content-Type must be application/json');
    next();
  },
  jsonBody,
];

export function objectBody(request: Request): JsonObject {
  const body: unknown = request.body;
  if (!isObject(body)) throw badRequest('Request body must be a JSON object');
  return body;
}

/** Upper bound of what the body holds. */
export function bodyBytes(request: Request): number {
  const declared = Number(request.headers['content-length']);
  return Number.isFinite(declared) && request.headers['content-encoding'] === undefined ? declared : Infinity;
}
