import type { Response } from 'express';

/** Answers JSON without the charset parameter express would add: CouchDB's replicator compares the type literally. */
export function sendJson(
  response: Response,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const content = Buffer.from(`${JSON.stringify(body)}\n`);
  response
    .writeHead(status, { ...headers, 'content-type': 'application/json', 'content-length': content.length })
    .end(content);
}
