import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { startTestCluster, type TestCluster } from '@restante/testkit/cluster';

/**
 * What a mailbox node's operator may put in the place of its gate: it hands on whatever its CouchDB holds, deletions and what is no mail
 * too, so that the nodes that pull from there have nothing but their own judgement.
 */
type LyingGate = AsyncDisposable & {
  readonly host: string;
  /** Until it has a CouchDB, with an admin's credentials, it answers nobody. */
  readonly serve: (couchUrl: string) => void;
};

const startLyingGate = async (): Promise<LyingGate> => {
  const couch = Promise.withResolvers<string>();

  const handOn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url?.startsWith('/mesh/out/') !== true) {
      // Apache CouchDB asks for a session first, and goes without one then.
      response.writeHead(404).end();
      return;
    }
    const { href, username, password } = new URL(await couch.promise);
    const wanted = new URL((request.url ?? '').replace('/mesh/out', ''), href);
    const isFeed = wanted.pathname.endsWith('/_changes');
    // All changes, whatever was asked for.
    if (isFeed) wanted.searchParams.delete('filter');
    wanted.username = '';
    wanted.password = '';
    const body = isFeed ? [] : await request.toArray();
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const answer = await fetch(wanted, {
      method: isFeed ? 'GET' : (request.method ?? 'GET'),
      headers: {
        authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
        accept: request.headers.accept ?? 'application/json',
        'content-type': 'application/json',
      },
      ...(body.length > 0 && { body: Buffer.concat(body as Buffer[]) }),
      signal: gone.signal,
    });
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'application/json',
    });
    response.flushHeaders();
    await pipeline(Readable.fromWeb(answer.body as never), response);
  };

  const server = createServer((request, response) => {
    handOn(request, response).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: couch.resolve,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** A cluster in which the CouchDBs find lying gates in the place of some nodes (1 to 3). */
export const startClusterWithLiars = async (...numbers: readonly number[]): Promise<TestCluster> => {
  const cleanup = new AsyncDisposableStack();
  const gates = new Map<string, LyingGate>();
  for (const number of numbers) gates.set(`node${number}`, cleanup.use(await startLyingGate()));
  try {
    const cluster = cleanup.use(
      await startTestCluster({
        divert: ({ from, to, url }) => {
          const gate = from.startsWith('couch') ? gates.get(to) : undefined;
          const found = new URL(url);
          if (gate !== undefined) found.host = gate.host;
          return found.href.replace(/\/$/, '');
        },
      }),
    );
    for (const { name, adminUrl } of cluster.parts.couchServers) gates.get(name)?.serve(adminUrl);
    return { ...cluster, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
};
