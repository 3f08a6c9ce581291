import type { RawData, WebSocket } from 'ws';
import {
  ERRORS,
  upstream,
  type DeviceAddress,
  type Downstream,
  type ErrorCode,
  type Upstream,
} from '@restante/protocol';
import { parseInput, pseudonym, ServiceError, toServiceError, type Logger } from '@restante/service-kit';
import type { Handle } from '../live/handle.ts';
import type { Metrics } from '../metrics.ts';

/**
 * One WebSocket of one device. Nothing else sends on it or closes it.
 *
 * Inward, at most {@link FRAMES_IN_PROCESS} frames are worked on; then, and while the peer does not read its answers,
 * the socket is paused. Outward, frames that nobody asked for are left out while more than `bufferBytes` wait, and
 * the peer is told to catch up once it has read (law 10, law 11).
 */
export type Session = {
  readonly device: DeviceAddress;
  readonly connectionId: string;
  /** Of the token that it began with. */
  readonly tokenGeneration: number;
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

export type SessionOptions = {
  /** Of the protocol that the peer speaks. */
  readonly version: number;
  readonly tokenGeneration: number;
  readonly handle: Handle;
  readonly bufferBytes: number;
  readonly stallMs: number;
  /** Id of the request that became this connection; each frame's id begins with it. */
  readonly requestId: string;
  readonly metrics: Pick<
    Metrics,
    'frames' | 'pushes' | 'pushesLeftOut' | 'catchUps' | 'connectionsEnded' | 'slowConnections'
  >;
  readonly log: Logger;
  readonly now: () => number;
};

const FRAMES_IN_PROCESS = 64;
const BAD_FRAMES = 5;

/** Frames that peers of an earlier version do not know: they are not sent any. */
const SINCE: Partial<Record<Downstream['type'], number>> = { devices: 3 };

const parse = (data: RawData): Upstream => {
  const text = (data as Buffer).toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ServiceError('bad-request', 'the frame is not JSON');
  }
  return parseInput(upstream, value);
};

export const createSession = (
  socket: WebSocket,
  device: DeviceAddress,
  connectionId: string,
  { version, tokenGeneration, handle, bufferBytes, stallMs, requestId, metrics, log, now }: SessionOptions,
): Session => {
  const who = pseudonym(`${device.accountId}:${device.deviceId}`);
  const waiting: RawData[] = [];
  let inProcess = 0;
  let badFrames = 0;
  let frames = 0;
  let isHeard = true;
  let isDraining = false;
  let isEnding = false;
  let onIdle: (() => void) | null = null;
  /** Since when more than the bound waits for this peer; null when it keeps up. */
  let slowSince: number | null = null;
  let hasMissed = false;

  const write = (frame: Downstream): void => {
    if (socket.readyState !== socket.OPEN || version < (SINCE[frame.type] ?? 0)) return;
    socket.send(JSON.stringify(frame), onWritten);
    if (slowSince !== null || socket.bufferedAmount <= bufferBytes) return;
    slowSince = now();
    metrics.slowConnections.inc();
  };
  const noLongerSlow = (): void => {
    if (slowSince === null) return;
    slowSince = null;
    metrics.slowConnections.dec();
  };
  const onWritten = (): void => {
    if (slowSince === null || socket.bufferedAmount > bufferBytes / 4) return;
    noLongerSlow();
    if (hasMissed) {
      hasMissed = false;
      metrics.catchUps.inc();
      write({ type: 'catch-up' });
    }
    work();
  };

  const end = (code: ErrorCode, message: string): void => {
    if (isEnding) return;
    isEnding = true;
    waiting.length = 0;
    metrics.connectionsEnded.inc({ code });
    log[ERRORS[code].level]({ event: 'connection-ended', code, device: who, requestId }, message);
    write({ type: 'error', error: { code, message } });
    socket.resume();
    socket.close(ERRORS[code].close, code);
  };

  const refuse = (thrown: unknown, frameId: string): void => {
    const error = toServiceError(thrown);
    log[error.row.level](
      { event: 'frame-refused', code: error.code, device: who, requestId: frameId, err: error },
      error.message,
    );
    write({ type: 'error', error: error.toBody() });
  };

  const take = async (data: RawData): Promise<void> => {
    frames += 1;
    const frameId = `${requestId}.${frames}`;
    let frame: Upstream;
    try {
      frame = parse(data);
    } catch (error) {
      metrics.frames.inc({ type: 'invalid' });
      refuse(error, frameId);
      badFrames += 1;
      if (badFrames >= BAD_FRAMES) end('bad-request', 'too many bad frames');
      return;
    }
    metrics.frames.inc({ type: frame.type });
    try {
      const answer = await handle(device, frame, frameId);
      if (answer) write(answer);
    } catch (error) {
      refuse(error, frameId);
    }
  };

  const work = (): void => {
    while (waiting.length > 0 && inProcess < FRAMES_IN_PROCESS && slowSince === null) {
      const data = waiting.shift();
      if (data === undefined) return;
      inProcess += 1;
      void take(data).finally(() => {
        inProcess -= 1;
        work();
        if (inProcess === 0) onIdle?.();
      });
    }
    const isFull = inProcess >= FRAMES_IN_PROCESS || slowSince !== null;
    if (isFull && !isEnding) socket.pause();
    else if (socket.isPaused) {
      isHeard = true;
      socket.resume();
    }
  };

  socket.on('message', (data, isBinary) => {
    isHeard = true;
    if (isEnding || isDraining) return;
    if (isBinary) {
      end('unsupported-media-type', 'frames are text');
      return;
    }
    waiting.push(data);
    work();
  });
  socket.on('close', noLongerSlow);
  socket.on('pong', () => {
    isHeard = true;
  });
  socket.on('error', (error) => {
    log.debug({ event: 'socket-error', device: who, err: error }, 'a socket failed');
  });

  return {
    device,
    connectionId,
    tokenGeneration,
    reply: write,
    push: (frame) => {
      if (isEnding) return;
      if (slowSince !== null) {
        hasMissed = true;
        metrics.pushesLeftOut.inc({ type: frame.type });
        return;
      }
      if (frame.type === 'envelope') metrics.pushes.inc();
      write(frame);
    },
    end,
    drain: async () => {
      isDraining = true;
      waiting.length = 0;
      if (inProcess > 0) await new Promise<void>((resolve) => (onIdle = resolve));
      end('draining', 'this server stops');
    },
    beat: () => {
      if (slowSince !== null && now() - slowSince > stallMs) {
        end('connection-stalled', 'the connection takes no frames');
        return;
      }
      if (isEnding || socket.isPaused) return;
      if (!isHeard) {
        metrics.connectionsEnded.inc({ code: 'connection-stalled' });
        log.info({ event: 'connection-lost', device: who }, 'a peer does not answer');
        socket.terminate();
        return;
      }
      isHeard = false;
      socket.ping();
    },
    terminate: () => socket.terminate(),
  };
};
