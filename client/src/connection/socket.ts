import {
  ERRORS,
  LIMITS,
  subprotocol,
  tokenSubprotocol,
  type Dialect,
  type Downstream,
  type ErrorCode,
  type Upstream,
  type Versions,
} from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import type { Attention } from './attention.ts';

/** A connection that says nothing for this long before `welcome` is given up. */
const WELCOME_TIMEOUT_MS = 10_000;
/** Pings per span of silence. */
const PINGS = 3;
/** Between pings while a person looks, and there is another server to go to. */
const ATTENTIVE_MS = 1_500;
/** What was said has been followed by nothing for so long: a ping, which every server answers at once. */
const UNANSWERED_MS = 500;
/** A server that answers none of so many is sent no more. */
const MAX_UNANSWERED = 100;

/** Sends one frame; a closed socket takes none, and a server of an earlier version not those that are new. */
export type SendFrame = (frame: Upstream) => void;

export type SocketEvents = {
  /** `tookMs`: since a `welcome` or `pong` was asked for. */
  readonly onFrame: (frame: Downstream, send: SendFrame, tookMs: number) => void;
  /** Called once. `code` is null when the connection was lost or not made; `givenUp`: by this side, in doubt. */
  readonly onClosed: (code: ErrorCode | null, givenUp: boolean) => void;
  /** A frame breaks the protocol. */
  readonly onFault: (error: MessengerError) => void;
};

export type SocketOptions = {
  readonly origin: string;
  readonly token: string;
  readonly versions: Versions;
  readonly WebSocket: typeof globalThis.WebSocket;
  readonly signal: AbortSignal;
  /** A ping without an answer for so long puts the server in doubt; then twice as long, and so on. */
  readonly doubtMs: number;
  readonly attention: Attention;
  /** Whether there is no other server to go to. */
  readonly isAlone: () => boolean;
  /** Asked each time: whether it is given up, unless it has said something meanwhile. */
  readonly isGone: () => Promise<boolean>;
};

const codeByClose: ReadonlyMap<number, ErrorCode> = new Map(
  (Object.entries(ERRORS) as [ErrorCode, { close: number }][])
    .filter(([code, { close }]) => close >= 4000 || code === 'draining')
    .map(([code, { close }]) => [close, code]),
);

/** Null: a frame of a newer server, which means nothing here. Throws when it breaks the protocol. */
const parseFrame = (data: unknown, { downstream }: Dialect): Downstream | null => {
  if (typeof data !== 'string') throw new Error('the frame is not text');
  if (data.length > LIMITS.frameBytes) throw new Error('the frame is too large');
  return downstream.read.parse(JSON.parse(data));
};

/**
 * One WebSocket to a master until it closes or `signal` aborts. Every frame is checked; one that breaks the
 * protocol ends the connection, and so does silence. The version is the newest that both sides speak.
 */
export const openSocket = (options: SocketOptions, events: SocketEvents): void => {
  const url = new URL('/ws', options.origin);
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new options.WebSocket(url, [
    ...options.versions.map(({ version }) => subprotocol(version)),
    tokenSubprotocol(options.token),
  ]);
  const dialect = (): Dialect =>
    options.versions.find(({ version }) => subprotocol(version) === socket.protocol) ?? options.versions[0];
  const over = new AbortController();
  let ended = false;
  let reason: ErrorCode | null = null;
  let silenceMs = WELCOME_TIMEOUT_MS;
  let heardAt = performance.now();
  /** When `welcome`, and then each `pong` that is to come, was asked for. */
  const askedAt = [heardAt];

  const end = (code: ErrorCode | null, givenUp = false): void => {
    if (ended) return;
    ended = true;
    over.abort();
    clearTimeout(watch);
    clearTimeout(answer);
    options.signal.removeEventListener('abort', abort);
    // A socket that is still opening cannot be closed cleanly; its late events go nowhere.
    if (socket.readyState <= socket.OPEN) socket.close();
    events.onClosed(code, givenUp);
  };
  const abort = (): void => end(null);
  const send: SendFrame = (frame) => {
    if (ended || socket.readyState !== socket.OPEN) return;
    const said = dialect().upstream.say(frame);
    if (said === null || (frame.type === 'ping' && askedAt.length >= MAX_UNANSWERED)) return;
    socket.send(JSON.stringify(said));
    if (frame.type === 'ping') {
      askedAt.push(performance.now());
      answer ??= setTimeout(() => void doubt(options.doubtMs), options.doubtMs);
    } else answer ??= setTimeout(insist, UNANSWERED_MS);
  };
  const insist = (): void => {
    answer = undefined;
    send({ type: 'ping' });
  };
  const doubt = async (waitedMs: number): Promise<void> => {
    const before = heardAt;
    const isGone = await options.isGone();
    if (ended || heardAt !== before) return;
    if (isGone) end(null, true);
    else answer = setTimeout(() => void doubt(2 * waitedMs), 2 * waitedMs);
  };
  const look = (): void => {
    if (performance.now() - heardAt >= silenceMs) end(null);
    else {
      send({ type: 'ping' });
      lookLater();
    }
  };
  const isEager = (): boolean => options.attention.isPaid() && !options.isAlone();
  const lookLater = (): void => {
    clearTimeout(watch);
    const everyMs = silenceMs / PINGS;
    watch = setTimeout(look, isEager() ? Math.min(ATTENTIVE_MS, everyMs) : everyMs);
  };
  /** Brings a look forward, and puts none off: who looks now and then must not keep silence from being noticed. */
  const lookSooner = (): void => {
    if (isEager()) lookLater();
  };
  let watch = setTimeout(look, silenceMs);
  /** What is done when nothing is heard. */
  let answer: ReturnType<typeof setTimeout> | undefined;

  socket.addEventListener('message', ({ data }: { data: unknown }) => {
    if (ended) return;
    heardAt = performance.now();
    clearTimeout(answer);
    answer = undefined;
    let frame: Downstream | null;
    try {
      frame = parseFrame(data, dialect());
    } catch (cause) {
      events.onFault(new MessengerError('bad-answer', 'a frame breaks the protocol', { cause }));
      end(null);
      return;
    }
    if (frame === null) return;
    if (frame.type === 'error') reason = frame.error.code;
    if (frame.type === 'welcome') {
      silenceMs = frame.limits.silenceMs;
      lookLater();
      options.attention.onChange(lookSooner, over.signal);
    }
    const isAnswer = frame.type === 'welcome' || frame.type === 'pong';
    events.onFrame(frame, send, heardAt - ((isAnswer ? askedAt.shift() : undefined) ?? heardAt));
  });
  socket.addEventListener('close', ({ code }: { code: number }) => end(codeByClose.get(code) ?? reason));
  socket.addEventListener('error', () => undefined);
  options.signal.addEventListener('abort', abort);
  if (options.signal.aborted) abort();
};
