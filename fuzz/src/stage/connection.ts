import { connect, type Socket } from 'node:net';
import { PROTOCOL_VERSION, subprotocol, tokenSubprotocol } from '@restante/protocol';
import { maskedFrame, OPCODES, readFrames } from './web-socket-frames.ts';

/** What a server said in a frame, as far as it matters here. */
export type Heard = { readonly type: string; readonly code: string | null };

/** A WebSocket of a device whose bytes are ours. */
export type Connection = Disposable & {
  readonly isOpen: () => boolean;
  readonly send: (bytes: Buffer) => void;
  /** Ends our side. */
  readonly end: () => void;
  /** Told of each frame of the protocol, and of the end; one listener at a time. */
  readonly listen: (onFrame: (heard: Heard) => void, onEnd: (how: string) => void) => void;
};

const HEAD_END = '\r\n\r\n';

const heardIn = (payload: Buffer): Heard => {
  const said = JSON.parse(payload.toString('utf8')) as { type: string; error?: { code?: string } };
  return { type: said.type, code: said.error?.code ?? null };
};

const hostOf = (url: string): { host: string; port: number } => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
};

/** Connects to a service and sends nothing. */
export const connectTo = (url: string): Socket => {
  const socket = connect({ ...hostOf(url), noDelay: true, allowHalfOpen: true });
  socket.on('error', () => socket.destroy());
  return socket;
};

/** Resolves with null when the upgrade is refused, or the connection ends before it is done. */
export const openConnection = (master: string, token: string): Promise<Connection | null> =>
  new Promise((resolve) => {
    const socket = connectTo(master);
    let onFrame: (heard: Heard) => void = () => undefined;
    let onEnd: (how: string) => void = () => undefined;
    let how = 'closed';
    let isOpen = false;
    let head = '';
    let rest: Buffer = Buffer.alloc(0);

    const take = (bytes: Buffer): void => {
      const read = readFrames(rest.length === 0 ? bytes : Buffer.concat([rest, bytes]));
      rest = read.rest;
      for (const { opcode, payload } of read.frames) {
        if (opcode === OPCODES.text) onFrame(heardIn(payload));
        else if (opcode === OPCODES.ping) socket.write(maskedFrame(payload, OPCODES.pong));
        else if (opcode === OPCODES.close) {
          how = `closed ${payload.length >= 2 ? payload.readUInt16BE(0) : 1005}`;
          socket.end(maskedFrame(payload, OPCODES.close));
        }
      }
    };
    const connection: Connection = {
      isOpen: () => isOpen,
      send: (bytes) => void socket.write(bytes),
      end: () => void socket.end(),
      listen: (frame, end) => {
        onFrame = frame;
        onEnd = end;
      },
      [Symbol.dispose]: () => socket.destroy(),
    };
    socket.on('data', (bytes) => {
      if (isOpen) {
        take(bytes);
        return;
      }
      head += bytes.toString('latin1');
      const end = head.indexOf(HEAD_END);
      if (end < 0) return;
      if (!head.startsWith('HTTP/1.1 101')) {
        socket.destroy();
        return;
      }
      isOpen = true;
      resolve(connection);
      take(Buffer.from(head.slice(end + HEAD_END.length), 'latin1'));
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      isOpen = false;
      onEnd(how);
      resolve(null);
    });
    const offered = [subprotocol(PROTOCOL_VERSION), tokenSubprotocol(token)].join(', ');
    socket.write(
      [
        'GET /ws HTTP/1.1',
        'host: fuzz',
        'connection: Upgrade',
        'upgrade: websocket',
        'sec-websocket-version: 13',
        `sec-websocket-key: ${Buffer.from('restante fuzz..').toString('base64')}AA`.slice(0, 43) + '==',
        `sec-websocket-protocol: ${offered}`,
        HEAD_END.slice(2),
      ].join('\r\n'),
    );
  });
