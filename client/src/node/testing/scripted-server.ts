import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { ScriptedCluster, type Answer } from './scripted-cluster.ts';

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? undefined : JSON.parse(text);
};

/** A scripted cluster behind one origin, over real HTTP and WebSocket. */
export class ScriptedServer extends ScriptedCluster {
  readonly #http = createServer((request, response) => void this.#serve(request, response));
  readonly #ws = new WebSocketServer({ noServer: true });

  static async start(): Promise<ScriptedServer> {
    const server = new ScriptedServer();
    // On a busy machine a client would use a connection again at the moment at which it is closed for idleness.
    server.#http.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve));
    server.#http.on('upgrade', (request, socket, head) => {
      const device = server.admit(String(request.headers['sec-websocket-protocol']).split(/, ?/));
      if (device === null) return socket.destroy();
      server.#ws.handleUpgrade(request, socket, head, (ws) => {
        const hear = server.connect(ws, device);
        ws.on('message', (data: Buffer) => hear(data.toString()));
        ws.on('close', () => server.disconnect(ws));
      });
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#ws.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    const asked = { method: request.method ?? '', url, token, body: await readBody(request) };
    const answer = (given: Answer | null): void => {
      if (given === null) request.socket.destroy();
      else
        response
          .writeHead(given.status, { 'content-type': 'application/json' })
          .end(JSON.stringify(given.json));
    };
    if (!url.pathname.endsWith('/events')) {
      answer(this.answer(asked));
      return;
    }
    const begin = this.listen(asked);
    if (typeof begin !== 'function') {
      answer(begin);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.on(
      'close',
      begin((event) => response.write(event)),
    );
  }
}
