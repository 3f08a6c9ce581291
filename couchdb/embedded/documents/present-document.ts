import type { PouchAttachment, PouchDocument } from 'pouchdb-core';

/** A stored body as clients see it: id and revision first, attachments as stubs. */
export function presentDocument(body: PouchDocument): PouchDocument {
  const { _id, _rev, _attachments, ...content } = body;
  const document = { _id, _rev, ...content };
  if (_attachments === undefined) return document;
  const stubs = Object.entries(_attachments).map(([name, attachment]): [string, PouchAttachment] => [
    name,
    { ...attachment, stub: true },
  ]);
  return { ...document, _attachments: Object.fromEntries(stubs) };
}
