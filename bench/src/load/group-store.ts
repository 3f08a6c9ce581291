/**
 * Process of the least that a store of single messages can be: an HTTP server that parses each body and writes what has
 * arrived meanwhile by one `_bulk_docs`, one after the other. Checks nothing. Told the CouchDB and database; tells its port.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { openPost } from './http-post.ts';

const [couchUrl = '', database = ''] = process.argv.slice(2);
const couch = openPost(couchUrl, `/${database}/_bulk_docs`, {
  connections: 1,
  isGood: (answer) => answer.trim() === '[]',
});

let waiting: { readonly document: unknown; readonly done: () => void }[] = [];
let isWriting = false;
const write = async (): Promise<void> => {
  isWriting = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    await couch.send(JSON.stringify({ new_edits: false, docs: batch.map(({ document }) => document) }));
    for (const { done } of batch) done();
  }
  isWriting = false;
};

const server = createServer({ noDelay: true }, (request, response) => {
  void text(request).then((body) => {
    waiting.push({
      document: JSON.parse(body) as unknown,
      done: () => response.setHeader('content-type', 'application/json').end('{}'),
    });
    if (!isWriting) void write();
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
