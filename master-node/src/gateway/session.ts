import type { RawData, WebSocket } from 'ws';
import {
  deviceKey,
  ERRORS,
  type AccountId,
  type DeviceAddress,
  type Dialect,
  type Downstream,
  type ErrorCode,
  type Upstream,
} from '@restante/protocol';
import { parseInput, pseudonym, ServiceError, toServiceError, type Logger } from '@restante/service-kit';
import type { Handle } from '../live/handle.ts';
import type { Metrics } from '../metrics.ts';
import { FrameRate } from './frame-rate.ts';

/**
 * One WebSocket of one device. Nothing else sends on it or closes it.
 *
 * Inward, at most {@link FRAMES_IN_PROCESS} frames are worked on, and so many a minute; then, and while the peer does not read its
 * answers, the socket is paused: nothing is lost, and nobody else waits for it. Outward, frames that nobody asked for are left out while more than `bufferBytes` wait, and
 * the peer is told to catch up once it has read (law 10, law 11).
 */
export type LiveSession = {
  readonly device: DeviceAddress;
  readonly connectionId: string;
  /** Of the token that it began with. */
  readonly tokenGeneration: number;
  /** From whom it takes presence and typing, beside its own account: nobody, until it has said so. */
  takesFrom: ReadonlySet<AccountId>;
  /** Answers; never left out. */
  readonly reply: (frame: Downstream) => void;
  /** Sends what was not asked for; left out when the socket is slow. */
  readonly push: (frame: Downstream) => void;
  /** Tells why, and closes. */
  readonly end: (code: ErrorCode, message: string) => void;
  /** Takes no more frames, and closes with `draining` once those under way are answered. */
  readonly drain: () => Promise<void>;
  /** One beat of the heart: ends a peer that is gone or stalled, asks whether it is there. */
  readonly beat: () => void;
  /** Ends without a word. */
  readonly terminate: () => void;
};

/** What all connections of a master share. */
export type SessionDeps = {
  readonly handle: Handle;
  readonly bufferBytes: number;
  readonly framesPerMinute: number;
  readonly stallMs: number;
  readonly onClosed: (session: LiveSession) => void;
  readonly metrics: Pick<
    Metrics,
    | 'frames'
    | 'pushes'
    | 'pushesLeftOut'
    | 'catchUps'
    | 'connectionsEnded'
    | 'slowConnections'
    | 'rateLimited'
  >;
  readonly log: Logger;
  readonly now: () => number;
};

/** What is a connection's own. */
export type Connection = {
  readonly socket: WebSocket;
  readonly device: DeviceAddress;
  readonly connectionId: string;
  /** The version of the protocol that the peer speaks. */
  readonly dialect: Dialect;
  readonly tokenGeneration: number;
  /** Id of the request that became this connection; each frame's id begins with it. */
  readonly requestId: string;
};

const NOBODY: ReadonlySet<AccountId> = new Set();
const FRAMES_IN_PROCESS = 64;
const BAD_FRAMES = 5;

const parse = (data: RawData, { upstream }: Dialect): Upstream => {
  const text = (data as Buffer).toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ServiceError('bad-request', 'the frame is not JSON');
  }
  return parseInput(upstream.read, value);
};

/** A class, and not closures, for there are tens of thousands: methods are there once, fields in one object. */
class SocketSession implements LiveSession {
  readonly device: DeviceAddress;
  readonly connectionId: string;
  readonly tokenGeneration: number;
  takesFrom: ReadonlySet<AccountId> = NOBODY;
  readonly #socket: WebSocket;
  readonly #dialect: Dialect;
  readonly #requestId: string;
  readonly #deps: SessionDeps;
  readonly #waiting: RawData[] = [];
  readonly #rate: FrameRate;
  /** Until more frames are taken of a peer that sends too many. */
  #early: ReturnType<typeof setTimeout> | null = null;
  #isTooFast = false;
  #inProcess = 0;
  #badFrames = 0;
  #frames = 0;
  #isHeard = true;
  #isDraining = false;
  #isEnding = false;
  #onIdle: (() => void) | null = null;
  /** Since when more than the bound waits for this peer; null when it keeps up. */
  #slowSince: number | null = null;
  #hasMissed = false;

  constructor(
    { socket, device, connectionId, dialect, tokenGeneration, requestId }: Connection,
    deps: SessionDeps,
  ) {
    this.device = device;
    this.connectionId = connectionId;
    this.tokenGeneration = tokenGeneration;
    this.#socket = socket;
    this.#dialect = dialect;
    this.#requestId = requestId;
    this.#deps = deps;
    this.#rate = new FrameRate(deps.framesPerMinute, deps.now);
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => (this.#isHeard = true));
    socket.on('close', () => this.#onClose());
    socket.on('error', (error) => this.#onError(error));
  }

  reply(frame: Downstream): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    const said = this.#dialect.downstream.say(frame);
    if (said === null) return;
    socket.send(JSON.stringify(said), () => this.#onWritten());
    if (this.#slowSince !== null || socket.bufferedAmount <= this.#deps.bufferBytes) return;
    this.#slowSince = this.#deps.now();
    this.#deps.metrics.slowConnections.inc();
  }

  push(frame: Downstream): void {
    if (this.#isEnding) return;
    if (this.#slowSince !== null) {
      this.#hasMissed = true;
      this.#deps.metrics.pushesLeftOut.inc({ type: frame.type });
      return;
    }
    if (frame.type === 'envelope') this.#deps.metrics.pushes.inc();
    this.reply(frame);
  }

  end(code: ErrorCode, message: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#waiting.length = 0;
    const { metrics, log } = this.#deps;
    metrics.connectionsEnded.inc({ code });
    const told = { event: 'connection-ended', code, device: this.#who(), requestId: this.#requestId };
    log[ERRORS[code].level](told, message);
    this.reply({ type: 'error', error: { code, message } });
    this.#socket.resume();
    this.#socket.close(ERRORS[code].close, code);
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#waiting.length = 0;
    if (this.#inProcess > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.end('draining', 'this server stops');
  }

  beat(): void {
    const { stallMs, metrics, log, now } = this.#deps;
    if (this.#slowSince !== null && now() - this.#slowSince > stallMs) {
      this.end('connection-stalled', 'the connection takes no frames');
      return;
    }
    if (this.#isEnding || this.#socket.isPaused) return;
    if (!this.#isHeard) {
      metrics.connectionsEnded.inc({ code: 'connection-stalled' });
      log.info({ event: 'connection-lost', device: this.#who() }, 'a peer does not answer');
      this.#socket.terminate();
      return;
    }
    this.#isHeard = false;
    this.#socket.ping();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #who(): string {
    return pseudonym(deviceKey(this.device));
  }

  #onClose(): void {
    if (this.#early !== null) clearTimeout(this.#early);
    this.#noLongerSlow();
    this.#deps.onClosed(this);
  }

  #onError(error: Error): void {
    this.#deps.log.debug({ event: 'socket-error', device: this.#who(), err: error }, 'a socket failed');
  }

  #noLongerSlow(): void {
    if (this.#slowSince === null) return;
    this.#slowSince = null;
    this.#deps.metrics.slowConnections.dec();
  }

  #onWritten(): void {
    const { bufferBytes, metrics } = this.#deps;
    if (this.#slowSince === null || this.#socket.bufferedAmount > bufferBytes / 4) return;
    this.#noLongerSlow();
    if (this.#hasMissed) {
      this.#hasMissed = false;
      metrics.catchUps.inc();
      this.reply({ type: 'catch-up' });
    }
    this.#work();
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#isHeard = true;
    if (this.#isEnding || this.#isDraining) return;
    if (isBinary) {
      this.end('unsupported-media-type', 'frames are text');
      return;
    }
    this.#waiting.push(data);
    this.#work();
  }

  #work(): void {
    if (this.#isTooFast && this.#rate.isRested()) this.#isTooFast = false;
    while (this.#waiting.length > 0 && !this.#isFull()) {
      if (!this.#rate.take()) {
        this.#slowDown();
        break;
      }
      const data = this.#waiting.shift();
      if (data === undefined) return;
      this.#inProcess += 1;
      void this.#take(data).finally(() => {
        this.#inProcess -= 1;
        this.#work();
        if (this.#inProcess === 0) this.#onIdle?.();
      });
    }
    if (this.#isFull() && !this.#isEnding) this.#socket.pause();
    else if (this.#socket.isPaused) {
      this.#isHeard = true;
      this.#socket.resume();
    }
  }

  #isFull(): boolean {
    return this.#inProcess >= FRAMES_IN_PROCESS || this.#slowSince !== null || this.#early !== null;
  }

  /** Takes the next frame when it is time; the peer is told once, until it has sent slowly for a while. */
  #slowDown(): void {
    const retryAfterMs = this.#rate.waitMs();
    this.#early = setTimeout(() => {
      this.#early = null;
      this.#work();
    }, retryAfterMs);
    if (this.#isTooFast) return;
    this.#isTooFast = true;
    const message = 'frames are taken more slowly than they come';
    this.#deps.metrics.rateLimited.inc({ limit: 'frames' });
    this.#deps.log.info({ event: 'frames-slowed', device: this.#who() }, message);
    this.reply({ type: 'error', error: { code: 'rate-limited', message, retryAfterMs } });
  }

  async #take(data: RawData): Promise<void> {
    const { handle, metrics } = this.#deps;
    this.#frames += 1;
    const frameId = `${this.#requestId}.${this.#frames}`;
    let frame: Upstream;
    try {
      frame = parse(data, this.#dialect);
    } catch (error) {
      metrics.frames.inc({ type: 'invalid' });
      this.#refuse(error, frameId);
      this.#badFrames += 1;
      if (this.#badFrames >= BAD_FRAMES) this.end('bad-request', 'too many bad frames');
      return;
    }
    metrics.frames.inc({ type: frame.type });
    try {
      const answer = await handle(this.device, frame, frameId);
      if (answer) this.reply(answer);
    } catch (error) {
      this.#refuse(error, frameId);
    }
  }

  #refuse(thrown: unknown, frameId: string): void {
    const error = toServiceError(thrown);
    this.#deps.log[error.row.level](
      { event: 'frame-refused', code: error.code, device: this.#who(), requestId: frameId, err: error },
      error.message,
    );
    this.reply({ type: 'error', error: error.toBody() });
  }
}

export const createLiveSession = (connection: Connection, deps: SessionDeps): LiveSession =>
  new SocketSession(connection, deps);
