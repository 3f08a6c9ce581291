import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { ServiceError } from '@restante/service-kit';
import { createProxyServer } from 'httpxy';
import { UpstreamAgent } from './upstream-agent.ts';

/** An upstream that says nothing for this long is given up. Event streams send heartbeats well within it. */
const SILENCE_MS = 120_000;
const UPGRADE_DEADLINE_MS = 10_000;

/** Passes requests and WebSocket upgrades on to whichever of its upstreams takes the connection. */
export type Proxy = {
  readonly web: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
};

/**
 * `name`: what callers are told is away when no upstream answers (503 `unavailable`). Pages of `origins` may read that; what upstreams
 * answer says so itself.
 */
export const createProxy = (
  name: string,
  upstreams: readonly string[],
  origins: readonly string[],
): Proxy => {
  const agent = new UpstreamAgent(upstreams);
  const proxy = createProxyServer({
    // The agent chooses the real address.
    target: upstreams[0] ?? '',
    agent,
    xfwd: true,
    proxyTimeout: SILENCE_MS,
    upgradeTimeout: UPGRADE_DEADLINE_MS,
  });
  const unavailable = new ServiceError('unavailable', `${name} does not answer`);
  const body = JSON.stringify(unavailable.toBody());
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'retry-after': '1',
  };
  proxy.on('error', (_error, request, answer) => {
    if (answer === undefined || answer.destroyed) return;
    if (answer instanceof Socket) {
      if (answer.bytesWritten > 0) {
        answer.destroy();
        return;
      }
      const lines = Object.entries({ ...headers, connection: 'close' }).map(
        ([key, value]) => `${key}: ${value}`,
      );
      answer.end(`HTTP/1.1 503 Service Unavailable\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
    } else if (answer.headersSent) {
      answer.destroy();
    } else {
      const origin = request?.headers.origin ?? '';
      if (origins.includes(origin)) answer.setHeader('access-control-allow-origin', origin);
      answer.writeHead(unavailable.row.status, headers).end(body);
    }
  });
  // Either side's end, however it came, is the other's.
  proxy.on('proxyReqWs', (upgrade, _request, socket) => {
    upgrade.once('upgrade', (_response, upstream) => {
      socket.once('close', () => upstream.destroy());
      upstream.once('close', () => socket.destroySoon());
    });
  });
  return {
    web: (request, response) => void proxy.web(request, response),
    upgrade: (request, socket, head) => void proxy.ws(request, socket, {}, head),
  };
};
