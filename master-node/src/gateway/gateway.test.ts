import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { PROTOCOL_VERSION, subprotocol, tokenSubprotocol, VERSIONS } from '@restante/protocol';
import { createLog, listen } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { WebSocket } from 'ws';
import { createLocalBus } from '../live/local-bus.ts';
import { createPresence } from '../live/presence.ts';
import { createMetrics } from '../metrics.ts';
import { startGateway } from './gateway.ts';
import { createSessions } from './sessions.ts';

const CONNECTIONS = 20;

const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
};

it('keeps nothing of the request that a connection was made by', async () => {
  const bus = createLocalBus()();
  const http = await listen((_request, response) => response.end(), { host: '127.0.0.1', port: 0 });
  const requests: WeakRef<IncomingMessage>[] = [];
  http.server.on('upgrade', (request: IncomingMessage) => requests.push(new WeakRef(request)));
  const sessions = createSessions(bus, createMetrics([]).signalsWithheld);
  const gateway = startGateway({
    server: http.server,
    admit: () => Promise.resolve({ accountId: randomUUID(), deviceId: 1, generation: 0, keysLow: false }),
    handle: () => Promise.resolve(null),
    sessions,
    presence: createPresence(bus, { isHere: () => false, tell: () => undefined, take: () => null }),
    onConnected: () => undefined,
    sockets: {
      maxConnections: CONNECTIONS,
      bufferBytes: 1_000_000,
      framesPerMinute: 1_000_000,
      heartbeatMs: 20_000,
      stallMs: 60_000,
      drainMs: 1_000,
    },
    allowedOrigins: null,
    messageTtlMs: 1_000,
    versions: VERSIONS,
    metrics: createMetrics([]),
    log: createLog('gateway', 'silent'),
    now: Date.now,
  });
  const url = `${http.url.replace('http', 'ws')}/ws`;
  for (let index = 0; index < CONNECTIONS; index += 1) {
    const socket = new WebSocket(url, [subprotocol(PROTOCOL_VERSION), tokenSubprotocol('token')]);
    await once(socket, 'message');
  }
  expect(requests).toHaveLength(CONNECTIONS);
  await waitFor('the requests to be forgotten', () => {
    collectGarbage();
    return requests.every((request) => request.deref() === undefined);
  });
  expect(sessions.all()).toHaveLength(CONNECTIONS);
  await gateway.drain();
  await http.close(1_000);
});
