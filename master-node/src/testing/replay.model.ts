import { isDeepStrictEqual } from 'node:util';
import { subprotocol, tokenSubprotocol, VERSION_HEADER } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import { WebSocket } from 'ws';
import type { Exchange } from './earlier-conversation.model.ts';

type Known = Map<string, unknown>;

/** Fills what is known into a recorded value. */
const fill = (value: unknown, known: Known): unknown => {
  if (typeof value === 'string') {
    return value.startsWith('$') ? known.get(value) : value;
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, known));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, known)]));
};

/** Whether what is heard is what was recorded, field for field; keeps what is heard for the first time. */
const matches = (recorded: unknown, heard: unknown, known: Known): boolean => {
  if (recorded === '*') return heard !== undefined;
  if (typeof recorded === 'string' && recorded.startsWith('$')) {
    if (!known.has(recorded)) known.set(recorded, heard);
    return known.get(recorded) === heard;
  }
  if (typeof recorded !== 'object' || recorded === null) return recorded === heard;
  if (typeof heard !== 'object' || heard === null) return false;
  const [wanted, got] = [Object.entries(recorded), new Map(Object.entries(heard))];
  return (
    isDeepStrictEqual(wanted.map(([key]) => key).sort(), [...got.keys()].sort()) &&
    wanted.every(([key, value]) => matches(value, got.get(key), known))
  );
};

/**
 * Says again what a client of a version has said, and throws when it hears anything else than that client did. Frames that the record
 * does not speak of are heard too, and are returned.
 */
export const replay = async (
  exchanges: readonly Exchange[],
  version: number,
  servers: Readonly<Record<'master' | 'node', string>>,
  known: Known,
): Promise<unknown[]> => {
  const frames: unknown[] = [];
  let socket: WebSocket | null = null;
  try {
    for (const exchange of exchanges) {
      if ('request' in exchange) {
        const [method = '', path = ''] = exchange.request.split(' ');
        const url = servers[exchange.to] + path.replaceAll(/\$\w+/g, (name) => String(known.get(name)));
        const response = await fetch(url, {
          method,
          headers: {
            [VERSION_HEADER]: String(version),
            ...(exchange.token === undefined
              ? {}
              : { authorization: `Bearer ${String(known.get(exchange.token))}` }),
            ...(exchange.body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(exchange.body === undefined ? {} : { body: JSON.stringify(fill(exchange.body, known)) }),
        });
        const answer: unknown = await response.json();
        if (response.status !== exchange.status || !matches(exchange.answer, answer, known))
          throw new Error(`${exchange.request}: ${response.status} ${JSON.stringify(answer)}`);
      } else if ('socket' in exchange) {
        const token = String(known.get(exchange.token));
        socket = new WebSocket(`${servers.master.replace('http', 'ws')}/ws`, [
          subprotocol(version),
          tokenSubprotocol(token),
        ]);
        socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString())));
      } else if ('says' in exchange) socket?.send(JSON.stringify(fill(exchange.says, known)));
      else {
        const { hears } = exchange;
        await waitFor(`the frame ${JSON.stringify(hears)} among ${JSON.stringify(frames)}`, () => {
          const index = frames.findIndex((frame) => matches(hears, frame, new Map(known)));
          if (index === -1) return false;
          return matches(hears, frames.splice(index, 1)[0], known);
        });
      }
    }
    return frames;
  } finally {
    socket?.close();
  }
};
