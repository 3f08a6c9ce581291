import {
  downstream,
  ERRORS,
  LIMITS,
  MIN_SUPPORTED_VERSION,
  PROTOCOL_VERSION,
  subprotocol,
  tokenSubprotocol,
  type Downstream,
  type ErrorCode,
  type Upstream,
} from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';

/** A connection that says nothing for this long before `welcome` is given up. */
const WELCOME_TIMEOUT_MS = 10_000;
/** Pings per span of silence. */
const PINGS = 3;

/** Of a server that is one version behind nothing is missed but what is new. */
const SPOKEN = Array.from({ length: PROTOCOL_VERSION - MIN_SUPPORTED_VERSION + 1 }, (_, index) =>
  subprotocol(PROTOCOL_VERSION - index),
);

/** Sends one frame; a closed socket takes none. */
export type SendFrame = (frame: Upstream) => void;

export type SocketEvents = {
  readonly onFrame: (frame: Downstream, send: SendFrame) => void;
  /** Called once. `code` is null when the connection was lost or not made. */
  readonly onClosed: (code: ErrorCode | null) => void;
  /** A frame breaks the protocol. */
  readonly onFault: (error: MessengerError) => void;
};

export type SocketOptions = {
  readonly origin: string;
  readonly token: string;
  readonly WebSocket: typeof globalThis.WebSocket;
  readonly signal: AbortSignal;
};

const codeByClose: ReadonlyMap<number, ErrorCode> = new Map(
  (Object.entries(ERRORS) as [ErrorCode, { close: number }][])
    .filter(([code, { close }]) => close >= 4000 || code === 'draining')
    .map(([code, { close }]) => [close, code]),
);

const parseFrame = (data: unknown): Downstream | null => {
  if (typeof data !== 'string' || data.length > LIMITS.frameBytes) return null;
  try {
    const parsed = downstream.safeParse(JSON.parse(data));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

/**
 * One WebSocket to a master until it closes or `signal` aborts. Every frame is checked; one that breaks the
 * protocol ends the connection, and so does silence.
 */
export const openSocket = (options: SocketOptions, events: SocketEvents): void => {
  const url = new URL('/ws', options.origin);
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new options.WebSocket(url, [...SPOKEN, tokenSubprotocol(options.token)]);
  let ended = false;
  let reason: ErrorCode | null = null;
  let silenceMs = WELCOME_TIMEOUT_MS;
  let heardAt = performance.now();

  const end = (code: ErrorCode | null): void => {
    if (ended) return;
    ended = true;
    clearTimeout(watch);
    options.signal.removeEventListener('abort', abort);
    // A socket that is still opening cannot be closed cleanly; its late events go nowhere.
    if (socket.readyState <= socket.OPEN) socket.close();
    events.onClosed(code);
  };
  const abort = (): void => end(null);
  const send: SendFrame = (frame) => {
    if (!ended && socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
  };
  const look = (): void => {
    if (performance.now() - heardAt >= silenceMs) end(null);
    else {
      send({ type: 'ping' });
      watch = setTimeout(look, silenceMs / PINGS);
    }
  };
  let watch = setTimeout(look, silenceMs);

  socket.addEventListener('message', ({ data }: { data: unknown }) => {
    if (ended) return;
    heardAt = performance.now();
    const frame = parseFrame(data);
    if (frame === null) {
      events.onFault(new MessengerError('bad-answer', 'a frame breaks the protocol'));
      end(null);
      return;
    }
    if (frame.type === 'error') reason = frame.error.code;
    if (frame.type === 'welcome') {
      silenceMs = frame.limits.silenceMs;
      clearTimeout(watch);
      watch = setTimeout(look, silenceMs / PINGS);
    }
    events.onFrame(frame, send);
  });
  socket.addEventListener('close', ({ code }: { code: number }) => end(codeByClose.get(code) ?? reason));
  socket.addEventListener('error', () => undefined);
  options.signal.addEventListener('abort', abort);
  if (options.signal.aborted) abort();
};
