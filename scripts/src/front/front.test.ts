import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { errorBody } from '@restante/protocol';
import { createLog } from '@restante/service-kit';
import { securityHeaders } from '@restante/web-client/headers';
import { WebSocket, WebSocketServer } from 'ws';
import { startFront, type Front } from './service.ts';

const cleanups: (() => PromiseLike<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const upstream = async (
  listener: RequestListener,
): Promise<{ url: string; server: Server; stop: () => Promise<void> }> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  cleanups.push(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, stop };
};

const body = async (request: IncomingMessage): Promise<string> =>
  Buffer.concat(await request.toArray()).toString('utf8');

/** Of another server. */
const OTHER = 'https://b.example.org';
const STORE = 'https://s3.example.org';

const named = (name: string): RequestListener =>
  async function answer(request, response) {
    const text = await body(request);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, url: request.url, method: request.method, text }));
  };

const front = async (
  masterUrls: string[],
  mailboxNodeUrls: string[],
  messengerDir: string | null = null,
): Promise<Front> => {
  const started = await startFront(
    {
      ...{ host: '127.0.0.1', port: 0, masterUrls, mailboxNodeUrls, messengerDir },
      ...{ serverOrigins: [OTHER], objectStoreOrigin: STORE },
    },
    createLog('front', 'silent'),
  );
  cleanups.push(() => started[Symbol.asyncDispose]());
  return started;
};

const gone = async (): Promise<string> => {
  const server = await upstream(named('gone'));
  await server.stop();
  return server.url;
};

describe('front', () => {
  it('passes /api on whole, and /node2/ without its prefix', async () => {
    const [master, one, two] = await Promise.all(
      ['master', 'one', 'two'].map((name) => upstream(named(name))),
    );
    const { url } = await front([master!.url], [one!.url, two!.url]);
    const api = await fetch(`${url}/api/accounts?a=1`, { method: 'POST', body: 'hello' });
    expect(await api.json()).toEqual({
      name: 'master',
      url: '/api/accounts?a=1',
      method: 'POST',
      text: 'hello',
    });
    const node = await fetch(`${url}/node2/messages/x?device=1`);
    expect(await node.json()).toEqual({ name: 'two', url: '/messages/x?device=1', method: 'GET', text: '' });
  });

  it('passes on to mailbox nodes what the owners of mailboxes ask, and nothing of the mesh, masters or operators', async () => {
    const node = await upstream(named('one'));
    const { url } = await front([node.url], [node.url]);
    /** The path as it is: fetch would take its dots away. */
    const statusOf = async (path: string): Promise<number | undefined> => {
      const asked = httpRequest(url, { path }).end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    for (const path of ['x?device=1', 'x/ids?device=1', 'x/events?device=1', 'delete']) {
      expect(await statusOf(`/node1/messages/${path}`), path).toBe(200);
    }
    for (const path of [
      '/mesh',
      '/mesh/out/messages-20260101/_changes',
      '/mesh/in/node2/messages-20260101/_bulk_docs',
      '//mesh/out/messages-20260101',
      '/%6desh/out/messages-20260101',
      '/messages/../mesh/out/messages-20260101',
      '/messages/%2e%2e/mesh/out/messages-20260101',
      '/messages/x/../../mesh/out/messages-20260101',
      '/messages',
      '/health',
      '/metrics',
      '/ready',
    ]) {
      expect(await statusOf(`/node1${path}`), path).toBe(404);
    }
  });

  it('sends each request to a master that is there, whole bodies included', async () => {
    const live = await upstream(named('live'));
    const { url } = await front([await gone(), live.url, await gone()], [live.url]);
    const text = 'x'.repeat(500_000);
    for (let round = 0; round < 6; round += 1) {
      const answer = await fetch(`${url}/api/keys`, { method: 'PUT', body: text });
      expect(await answer.json()).toMatchObject({ name: 'live', text });
    }
  });

  it('takes masters in turn', async () => {
    const masters = await Promise.all(['a', 'b'].map((name) => upstream(named(name))));
    const { url } = await front(
      masters.map((master) => master.url),
      [masters[0]!.url],
    );
    const names = new Set<unknown>();
    for (let round = 0; round < 4; round += 1) {
      const answer = (await (await fetch(`${url}/api/x`)).json()) as { name: string };
      names.add(answer.name);
    }
    expect(names).toEqual(new Set(['a', 'b']));
  });

  it('answers 503 with a row of the error table when nothing is there', async () => {
    const { url } = await front([await gone(), await gone()], [await gone()]);
    for (const path of ['/api/accounts', '/node1/messages/x']) {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(503);
      expect(errorBody.parse(await answer.json()).code).toBe('unavailable');
    }
    const unknown = await fetch(`${url}/node9/messages/x`);
    expect(unknown.status).toBe(404);
    expect(errorBody.parse(await unknown.json()).code).toBe('not-found');
  });

  it('passes events on as they come and ends the upstream when the reader leaves', async () => {
    const left = Promise.withResolvers<undefined>();
    const node = await upstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      response.once('close', () => left.resolve(undefined));
    });
    const { url } = await front([node.url], [node.url]);
    const reading = new AbortController();
    const answer = await fetch(`${url}/node1/messages/x/events`, { signal: reading.signal });
    const reader = answer.body!.getReader();
    const { value } = await reader.read();
    expect(Buffer.from(value).toString()).toBe('data: first\n\n');
    reading.abort();
    await left.promise;
  });

  it('passes WebSockets on, both ways, with the subprotocol', async () => {
    const master = await upstream(named('master'));
    const sockets = new WebSocketServer({ server: master.server, path: '/ws' });
    sockets.on('connection', (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
    const { url } = await front([await gone(), master.url], [master.url]);
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['restante.2']);
    await once(socket, 'open');
    expect(socket.protocol).toBe('restante.2');
    socket.send('hello');
    const [echo] = (await once(socket, 'message')) as [Buffer];
    expect(echo.toString()).toBe('hello');
    const closed = once(socket, 'close');
    for (const client of sockets.clients) client.terminate();
    await closed;
  });

  it('answers an upgrade with 503 when no master is there, and with 404 elsewhere', async () => {
    const address = await gone();
    const { url } = await front([address], [address]);
    for (const [path, status] of [
      ['/ws', '503'],
      ['/else', '404'],
    ]) {
      const socket = new WebSocket(url.replace('http', 'ws') + path!);
      const [error] = (await once(socket, 'error')) as [Error];
      expect(error.message).toContain(status);
    }
  });

  it('serves the page under a policy that allows nothing from elsewhere', async () => {
    const address = await gone();
    const { url } = await front([address], [address]);
    for (const path of ['', 'page.css', 'page.mjs', 'mesh.mjs', 'icon.svg'].map(
      (name) => `/cluster/${name}`,
    )) {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(await answer.text()).not.toMatch(/(?:src|href)="https?:/);
    }
  });

  it('tells no more than the public may know when others than this machine can ask', async () => {
    const address = await gone();
    const config = {
      port: 0,
      masterUrls: [address],
      mailboxNodeUrls: [address],
      serverOrigins: [],
      objectStoreOrigin: null,
    };
    await using open = await startFront(
      { ...config, host: '0.0.0.0', messengerDir: null },
      createLog('front', 'silent'),
    );
    const state = await fetch(`http://127.0.0.1:${new URL(open.url).port}/cluster/state`);
    expect(await state.json()).toEqual({
      isWell: false,
      servers: [{ name: 'this machine', isServing: false }],
      mayLogIn: false,
      cell: null,
    });
  });

  it('tells the state of a cluster that is down', async () => {
    const address = await gone();
    const { url } = await front([address], [address, address, address]);
    const answer = await fetch(`${url}/cluster/state`);
    expect(await answer.json()).toMatchObject({
      isWell: false,
      servers: [{ name: 'this machine', isServing: false }],
      mayLogIn: false,
      cell: {
        servers: [
          {
            state: {
              masters: [{ name: 'master 1', up: false }],
              nodes: [{ name: 'node1', up: false }, { name: 'node2' }, { name: 'node3' }],
            },
          },
        ],
        problems: expect.arrayContaining(['master 1 is down', 'node2 is down']),
      },
    });
  });

  describe('the messenger', () => {
    const folder = mkdtempSync(join(tmpdir(), 'restante-front-'));
    mkdirSync(join(folder, 'assets'));
    const script = `export const text = '${'words '.repeat(1_000)}';`;
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Messenger</title>');
    writeFileSync(join(folder, 'service-worker.js'), '// nothing');
    writeFileSync(join(folder, 'assets', 'index-abc.js'), script);
    afterAll(() => rmSync(folder, { recursive: true }));
    const messenger = async (): Promise<string> => {
      const address = await gone();
      return (await front([address], [address], folder)).url;
    };

    it('is at / with its security headers, and is asked for each time', async () => {
      const url = await messenger();
      for (const path of ['/', '/index.html', '/service-worker.js']) {
        const answer = await fetch(url + path);
        expect(answer.status).toBe(200);
        for (const [name, value] of Object.entries(securityHeaders([OTHER], STORE))) {
          expect(answer.headers.get(name), `${path} ${name}`).toBe(value);
        }
        expect(answer.headers.get('cache-control')).toBe('no-cache');
        const again = await fetch(url + path, {
          headers: { 'if-none-match': answer.headers.get('etag') ?? '', 'cache-control': 'max-age=0' },
        });
        expect(again.status).toBe(304);
      }
      expect(await (await fetch(url)).text()).toContain('Messenger');
    });

    it('has assets that are kept for ever, and are compressed', async () => {
      const answer = await fetch(`${await messenger()}/assets/index-abc.js`);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(answer.headers.get('content-encoding')).toMatch(/^(br|gzip)$/);
      expect(answer.headers.get('content-type')).toContain('javascript');
      expect(await answer.text()).toBe(script);
    });

    it('answers unknown paths with a row of the error table, and nothing from outside of its folder', async () => {
      const url = await messenger();
      for (const path of ['/nothing', '/assets/none.js', '/assets/', '/..%2f..%2fetc%2fpasswd', '/.env']) {
        const answer = await fetch(url + path);
        expect(answer.status, path).toBe(404);
        expect(errorBody.parse(await answer.json()).code).toBe('not-found');
      }
      expect((await fetch(`${url}/cluster/`)).status).toBe(200);
      expect((await fetch(url, { method: 'POST' })).status).toBe(404);
    });
  });

  it('stops while WebSockets are open', async () => {
    const master = await upstream(named('master'));
    new WebSocketServer({ server: master.server });
    const started = await startFront(
      {
        host: '127.0.0.1',
        port: 0,
        masterUrls: [master.url],
        mailboxNodeUrls: [master.url],
        serverOrigins: [],
        objectStoreOrigin: null,
        messengerDir: null,
      },
      createLog('front', 'silent'),
    );
    const socket = new WebSocket(`${started.url.replace('http', 'ws')}/ws`);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await started[Symbol.asyncDispose]();
    await closed;
  });
});
