import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { downstream, upstream, type Downstream, type Send, type Upstream } from '@restante/protocol';
import { WebSocket, WebSocketServer } from 'ws';

/** What a master says otherwise than it is. */
export type Lies = {
  /** Of an answer to a `GET` under this path; what it gives is said. */
  answer: (path: string, body: unknown) => unknown;
  /** Of a frame to a device: what is said in its place. */
  tell: (frame: Downstream) => readonly Downstream[];
  /** Of a frame from a device; null: it is passed on. Otherwise what is answered, and nobody else hears of it. */
  hear: (frame: Upstream) => readonly Downstream[] | null;
};

const PASSED = new Set(['authorization', 'content-type', 'restante-version']);

export const TRUTH: Lies = { answer: (_, body) => body, tell: (frame) => [frame], hear: () => null };

/**
 * A master in other hands: it has all that a real one has, and says what it likes. Clients reach the real one through it. A directory that
 * it has edited, and whatever it signs with the master's keys, comes to the clients as what it says.
 */
export type LyingMaster = AsyncDisposable & {
  readonly url: string;
  readonly lies: Lies;
  /** All messages that clients have handed to it. */
  readonly sends: readonly Send[];
  /** Sends a frame to whoever is connected. */
  readonly push: (frame: Downstream) => void;
};

export const startLyingMaster = async (target: string): Promise<LyingMaster> => {
  const lies: Lies = { ...TRUTH };
  const sends: Send[] = [];
  const clients = new Set<WebSocket>();
  const say = (client: WebSocket, frame: Downstream): void => client.send(JSON.stringify(frame));

  const http = createServer((request, response) => {
    const serve = async (): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const path = request.url ?? '/';
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => PASSED.has(name)),
      ) as Record<string, string>;
      const answer = await fetch(target + path, {
        method: request.method ?? 'GET',
        headers,
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      });
      const text = await answer.text();
      const truth = text === '' ? null : (JSON.parse(text) as unknown);
      const lie = request.method === 'GET' ? lies.answer(path, truth) : truth;
      const said = lie === truth ? text : JSON.stringify(lie);
      response.writeHead(lie === truth ? answer.status : 200, {
        'content-type': 'application/json',
        'restante-versions': answer.headers.get('restante-versions') ?? '',
      });
      response.end(said);
    };
    serve().catch(() => response.destroy());
  });
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered].find((name) => name.startsWith('restante.')) ?? false,
  });
  http.on('upgrade', (request, socket, head) => {
    const offered = String(request.headers['sec-websocket-protocol']).split(/, ?/);
    sockets.handleUpgrade(request, socket, head, (client) => {
      const real = new WebSocket(`${target.replace('http', 'ws')}/ws`, offered);
      const waiting: string[] = [];
      clients.add(client);
      client.on('message', (data: Buffer) => {
        const text = data.toString();
        const frame = upstream.parse(JSON.parse(text));
        if (frame.type === 'send') sends.push(frame);
        const answers = lies.hear(frame);
        if (answers !== null) for (const answer of answers) say(client, answer);
        else if (real.readyState === WebSocket.OPEN) real.send(text);
        else waiting.push(text);
      });
      real.on('open', () => waiting.forEach((text) => real.send(text)));
      real.on('message', (data: Buffer) => {
        for (const frame of lies.tell(downstream.parse(JSON.parse(data.toString())))) say(client, frame);
      });
      const end = (): void => {
        clients.delete(client);
        client.terminate();
        real.terminate();
      };
      for (const side of [client, real]) {
        side.on('close', end);
        side.on('error', end);
      }
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    lies,
    sends,
    push: (frame) => clients.forEach((client) => say(client, frame)),
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
};
