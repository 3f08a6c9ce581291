/** Process of a gathering: connects with tokens, and stays. */
import { once } from 'node:events';
import { PROTOCOL_VERSION, subprotocol, tokenSubprotocol } from '@restante/protocol';
import { WebSocket } from 'ws';
import { atOnce } from './at-once.ts';
import { serveParent } from './load-process.ts';

/** Opens one socket with each token; done when all have their welcome. */
export type GatheringTask = { readonly masterUrl: string; readonly tokens: readonly string[] };

/** As a crowd comes that has lost its server: many handshakes are under way at any moment. */
const AT_ONCE = 256;
/** One source address has at most 28,000 ports towards one server. */
const ADDRESSES = 8;

const sockets: WebSocket[] = [];

serveParent(async ({ masterUrl, tokens }: GatheringTask): Promise<null> => {
  let failed = '';
  await atOnce(AT_ONCE, tokens, async (token) => {
    const socket = new WebSocket(
      `${masterUrl.replace('http', 'ws')}/ws`,
      [subprotocol(PROTOCOL_VERSION), tokenSubprotocol(token)],
      { perMessageDeflate: false, localAddress: `127.0.0.${2 + (sockets.length % ADDRESSES)}` },
    );
    sockets.push(socket);
    socket.on('error', (error) => (failed = error.message));
    await once(socket, 'message');
    socket.on('close', (code) => (failed = `closed with ${code}`));
  });
  if (failed !== '') throw new Error(`a connection ended: ${failed}`);
  return null;
});
