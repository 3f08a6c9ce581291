import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { LIMITS, subprotocol, type DeviceAddress, type Versions, type Welcome } from '@restante/protocol';
import { requestIdOf, ServiceError, type Logger } from '@restante/service-kit';
import type { Admit, Admitted } from '../authenticate.ts';
import type { Config } from '../config.ts';
import type { Handle } from '../live/handle.ts';
import type { Presence } from '../live/presence.ts';
import type { Metrics } from '../metrics.ts';
import { createLiveSession, type SessionDeps } from './session.ts';
import type { Sessions } from './sessions.ts';
import { createUpgrade, selectVersion } from './upgrade.ts';

/** The WebSocket side of a master: takes upgrades, keeps connections alive, ends them in order. */
export type Gateway = {
  /** Refuses upgrades, answers what is under way, and closes every connection; at most for `drainMs`. */
  readonly drain: () => Promise<void>;
  readonly isDraining: () => boolean;
};

export type GatewayDeps = {
  readonly server: Server;
  readonly admit: Admit;
  readonly handle: Handle;
  readonly sessions: Sessions;
  readonly presence: Presence;
  /** Told of each new connection, after its `welcome`. */
  readonly onConnected: (device: DeviceAddress, state: { readonly keysLow: boolean }) => void;
  readonly sockets: Config['sockets'];
  readonly allowedOrigins: Config['allowedOrigins'];
  readonly messageTtlMs: number;
  readonly versions: Versions;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
};

/** A close handshake that the peer does not finish is given up after this time. */
const CLOSE_TIMEOUT_MS = 5000;
const newConnectionId = (): string => randomBytes(12).toString('base64url');

/** So that there is room for the number of a frame. */
const REQUEST_ID_CHARACTERS = 64;

/** The text alone: a part of a string keeps the whole, and what is put together keeps each of its parts. */
const ownCopy = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

export const startGateway = (deps: GatewayDeps): Gateway => {
  const { sockets, sessions, versions, metrics, log, now } = deps;
  let isDraining = false;
  const options = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: LIMITS.frameBytes,
    clientTracking: true,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: (offered: Set<string>) => {
      const selected = selectVersion(versions, offered);
      return selected !== null && subprotocol(selected.version);
    },
  };
  const webSockets = new WebSocketServer(options);

  const welcome = ({ accountId, deviceId }: DeviceAddress, protocolVersion: number): Welcome => ({
    ...{ type: 'welcome', protocolVersion, accountId, deviceId },
    serverTime: now(),
    limits: {
      payloadBytes: LIMITS.payloadBytes,
      frameBytes: LIMITS.frameBytes,
      messageTtlMs: deps.messageTtlMs,
      silenceMs: 2 * sockets.heartbeatMs,
    },
  });

  const sessionDeps: SessionDeps = {
    handle: deps.handle,
    bufferBytes: sockets.bufferBytes,
    framesPerMinute: sockets.framesPerMinute,
    stallMs: sockets.stallMs,
    onClosed: (session) => {
      metrics.connections.set(webSockets.clients.size);
      sessions.remove(session);
      if (sessions.ofDevice(session.device) === undefined) deps.presence.leave(session.device);
    },
    metrics,
    log,
    now,
  };

  /** Holds nothing of the request: what is made here lives as long as the connection. */
  const connect = (
    socket: WebSocket,
    { generation, keysLow, accountId, deviceId }: Admitted,
    requestId: string,
  ): void => {
    const dialect = selectVersion(versions, new Set([socket.protocol])) ?? versions[0];
    const device = { accountId, deviceId };
    const tokenGeneration = generation ?? 0;
    const session = createLiveSession(
      { socket, device, connectionId: newConnectionId(), dialect, tokenGeneration, requestId },
      sessionDeps,
    );
    metrics.connections.set(webSockets.clients.size);
    if (isDraining) {
      session.end('draining', 'this server stops');
      return;
    }
    session.reply(welcome(device, dialect.version));
    sessions.add(session);
    deps.onConnected(device, { keysLow });
  };

  const upgrade = createUpgrade({
    admit: deps.admit,
    allowedOrigins: deps.allowedOrigins,
    versions,
    refusal: () => {
      if (isDraining) return new ServiceError('draining', 'this server stops');
      if (webSockets.clients.size < sockets.maxConnections) return null;
      return new ServiceError('unavailable', 'this server has all the connections that it takes');
    },
    accept: (request, socket, head, device) => {
      const requestId = ownCopy(requestIdOf(request.headers).slice(0, REQUEST_ID_CHARACTERS));
      webSockets.handleUpgrade(request, socket, head, (webSocket) => connect(webSocket, device, requestId));
    },
    metrics,
    log,
  });
  deps.server.on('upgrade', upgrade);

  const heart = setInterval(() => {
    for (const session of sessions.all()) session.beat();
  }, sockets.heartbeatMs);

  return {
    isDraining: () => isDraining,
    drain: async () => {
      isDraining = true;
      const closed = Promise.all([
        ...sessions.all().map((session) => session.drain()),
        ...[...webSockets.clients].map((client) => new Promise((resolve) => client.once('close', resolve))),
      ]);
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise((resolve) => (timer = setTimeout(resolve, sockets.drainMs)));
      await Promise.race([closed, deadline]);
      clearTimeout(timer);
      clearInterval(heart);
      for (const client of webSockets.clients) client.terminate();
    },
  };
};
