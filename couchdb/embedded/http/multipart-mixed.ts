import type { Response } from 'express';
import { randomUUID } from 'node:crypto';
import type { OpenRevision } from '../documents/open-revisions.ts';

/** Answers `open_revs` the way CouchDB's replicator asks for it: a JSON part per revision, attachments inside. */
export function sendMultipartMixed(response: Response, revisions: OpenRevision[]): void {
  const boundary = randomUUID().replaceAll('-', '');
  const parts = revisions.map((revision) => {
    const type = 'ok' in revision ? 'application/json' : 'application/json; error="true"';
    const content = 'ok' in revision ? revision.ok : revision;
    return `--${boundary}\r\nContent-Type: ${type}\r\n\r\n${JSON.stringify(content)}\r\n`;
  });
  response
    .writeHead(200, { 'content-type': `multipart/mixed; boundary="${boundary}"` })
    .end(`${parts.join('')}--${boundary}--`);
}
