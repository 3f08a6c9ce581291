import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import { subprotocol, tokenFromSubprotocols, type Dialect, type Versions } from '@restante/protocol';
import { requestIdOf, ServiceError, toServiceError, type Logger } from '@restante/service-kit';
import type { Admit, Admitted } from '../authenticate.ts';
import type { Metrics } from '../metrics.ts';

/**
 * Decides on a WebSocket upgrade before there is a WebSocket: path, origin, version, token, in this order. A refusal
 * is an HTTP answer with an error of the protocol's table.
 */
export type UpgradeDeps = {
  /** The device that a token speaks for. @throws ServiceError `unauthorized` or `token-expired` */
  readonly admit: Admit;
  /** Why no connection is taken now; null when one is. */
  readonly refusal: () => ServiceError | null;
  /** Origins of browsers' pages that may connect; null for any. */
  readonly allowedOrigins: readonly string[] | null;
  readonly versions: Versions;
  readonly accept: (request: IncomingMessage, socket: Duplex, head: Buffer, device: Admitted) => void;
  readonly metrics: Pick<Metrics, 'upgradesRefused'>;
  readonly log: Logger;
};

export const WEBSOCKET_PATH = '/ws';

/** The newest version of those that are offered. */
export const selectVersion = (versions: Versions, offered: ReadonlySet<string>): Dialect | null =>
  versions.find(({ version }) => offered.has(subprotocol(version))) ?? null;

const offeredBy = (request: IncomingMessage): string[] =>
  (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());

const answer = (socket: Duplex, error: ServiceError): void => {
  const body = JSON.stringify(error.toBody());
  const { status } = error.row;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
};

const check = async (request: IncomingMessage, deps: UpgradeDeps): Promise<Admitted> => {
  const refused = deps.refusal();
  if (refused) throw refused;
  if (URL.parse(request.url ?? '/', 'http://master')?.pathname !== WEBSOCKET_PATH) {
    throw new ServiceError('not-found', 'no such resource');
  }
  const { origin } = request.headers;
  if (deps.allowedOrigins && origin !== undefined && !deps.allowedOrigins.includes(origin)) {
    throw new ServiceError('forbidden', 'pages of this origin may not connect');
  }
  const offered = offeredBy(request);
  if (selectVersion(deps.versions, new Set(offered)) === null) {
    const spoken = deps.versions.map(({ version }) => subprotocol(version));
    throw new ServiceError('unsupported-version', `this server speaks ${spoken.join(', ')}`);
  }
  const token = tokenFromSubprotocols(offered);
  if (token === null) throw new ServiceError('unauthorized', 'a token is needed');
  return deps.admit(token);
};

/** Holds nothing of the request: it lives as long as the connection. */
function destroyIt(this: Duplex): void {
  this.destroy();
}

/** For the event `upgrade` of an HTTP server. */
export const createUpgrade =
  (deps: UpgradeDeps) =>
  (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', destroyIt);
    check(request, deps).then(
      (device) => deps.accept(request, socket, head, device),
      (thrown: unknown) => {
        const error = toServiceError(thrown);
        deps.metrics.upgradesRefused.inc({ code: error.code });
        const requestId = requestIdOf(request.headers);
        deps.log[error.row.level](
          { event: 'upgrade-refused', code: error.code, requestId, err: error },
          error.message,
        );
        answer(socket, error);
      },
    );
  };
