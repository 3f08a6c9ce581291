import express, { type RequestHandler } from 'express';
import { badRequest } from '../couch-error.ts';
import { readMultipartRelated } from '../documents/multipart-related.ts';
import { jsonBody, maxRequestBytes } from './json-body.ts';

const rawBody = express.raw({ limit: maxRequestBytes, type: 'multipart/related' });

const assembleDocument: RequestHandler = (request, _response, next) => {
  if (Buffer.isBuffer(request.body))
    request.body = readMultipartRelated(request.headers['content-type'] ?? '', request.body);
  if (request.body === undefined) throw badRequest('invalid UTF-8 JSON');
  next();
};

/** Reads a document: JSON, or the multipart form in which CouchDB's replicator sends one with its attachments. */
export const documentBody: RequestHandler[] = [
  (request, response, next) => {
    const isMultipart = request.headers['content-type']?.startsWith('multipart/related') === true;
    (isMultipart ? rawBody : jsonBody)(request, response, next);
  },
  assembleDocument,
];
