import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { json } from 'node:stream/consumers';
import type { BuiltPage } from './build-page.ts';

export type Site = AsyncDisposable & { readonly url: string };

/** What the page gets for a POST to this path, as JSON. */
export type Answer = (body: unknown) => Promise<unknown>;

const TYPES = new Map([
  ['.html', 'text/html'],
  ['.js', 'text/javascript'],
  ['.css', 'text/css'],
]);

/** Serves a built page, and answers its POSTs by their path, on a free port of this machine. */
export const startSite = async (
  page: BuiltPage,
  answers: Readonly<Record<string, Answer>> = {},
): Promise<Site> => {
  const reply = async (request: IncomingMessage): Promise<{ type: string; body: Buffer | string } | null> => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '');
    const answer = request.method === 'POST' ? answers[path] : undefined;
    if (answer !== undefined) {
      return { type: 'application/json', body: JSON.stringify((await answer(await json(request))) ?? null) };
    }
    const body = page.get(path);
    return body === undefined ? null : { type: TYPES.get(extname(path)) ?? 'application/octet-stream', body };
  };
  const server = createServer((request, response) => {
    reply(request).then(
      (found) => {
        if (found === null) response.writeHead(404).end();
        else response.writeHead(200, { 'content-type': found.type }).end(found.body);
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
