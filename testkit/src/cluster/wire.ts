import { setTimeout as sleep } from 'node:timers/promises';
import {
  downstream,
  PROTOCOL_VERSION,
  subprotocol,
  tokenSubprotocol,
  type Accepted,
  type Downstream,
  type Send,
  type Upstream,
} from '@restante/protocol';
import { waitFor } from '../wait-for.ts';

/** A bare WebSocket of a device, for frames that no messenger would send, or not at this moment. */
export type Wire = Disposable & {
  /** Everything that has come, in order. */
  readonly frames: readonly Downstream[];
  /** Sends a frame, or a text that need not be one. */
  readonly send: (frame: Upstream | string) => void;
  /** Sends this, again while the master has to say `unavailable`, as a client does, until it is accepted. */
  readonly sendAccepted: (frame: Send) => Promise<Accepted>;
  /** Waits for the first frame of a type that also `matches`, among those that have come too. */
  readonly next: <T extends Downstream['type']>(
    type: T,
    matches?: (frame: Extract<Downstream, { type: T }>) => boolean,
  ) => Promise<Extract<Downstream, { type: T }>>;
  /** The close code, once it has been closed. */
  readonly closed: () => Promise<number>;
};

/** Connects to a master and waits for its `welcome`. `headers` go with the upgrade. */
export const openWire = async (
  master: string,
  masterToken: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Wire> => {
  const url = new URL('/ws', master);
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url, {
    protocols: [subprotocol(PROTOCOL_VERSION), tokenSubprotocol(masterToken)],
    headers,
  });
  const frames: Downstream[] = [];
  let closeCode: number | null = null;
  socket.addEventListener('message', ({ data }) => frames.push(downstream.parse(JSON.parse(String(data)))));
  socket.addEventListener('close', ({ code }) => (closeCode = code));
  socket.addEventListener('error', () => undefined);

  const next: Wire['next'] = (type, matches = () => true) => {
    type Frame = Extract<Downstream, { type: typeof type }>;
    return waitFor(`a frame ${type}`, () =>
      frames.find((frame): frame is Frame => frame.type === type && matches(frame as Frame)),
    );
  };
  const send: Wire['send'] = (frame) =>
    socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  const sendAccepted: Wire['sendAccepted'] = async (frame) => {
    const earlier = frames.length;
    send(frame);
    const answer = await waitFor('an answer to a send', () =>
      frames
        .slice(earlier)
        .find((one) => (one.type === 'accepted' || one.type === 'refused') && one.id === frame.id),
    );
    if (answer.type === 'accepted') return answer;
    if (answer.type !== 'refused' || answer.error.code !== 'unavailable') {
      throw new Error(`not accepted: ${JSON.stringify(answer)}`);
    }
    await sleep(answer.error.retryAfterMs);
    return sendAccepted(frame);
  };
  await next('welcome');
  return {
    frames,
    next,
    send,
    sendAccepted,
    closed: () => waitFor('the end of the connection', () => closeCode),
    [Symbol.dispose]: () => socket.close(),
  };
};

/** A WebSocket for a messenger that sends only the frames for which `passes` says yes. */
export const filteredWebSocket = (passes: (frame: Upstream) => boolean): typeof WebSocket =>
  class extends WebSocket {
    override send(data: Parameters<WebSocket['send']>[0]): void {
      if (typeof data !== 'string' || passes(JSON.parse(data) as Upstream)) super.send(data);
    }
  };
