/** Process of many WebSockets that are opened, held and answer pings, from several addresses of this machine. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { atOnce } from './at-once.ts';
import { serveParent } from './load-process.ts';
import type { SocketsTask } from './start-sockets.ts';

const AT_ONCE = 32;
/** Fewer than there are ports for the connections from one address to one port. */
const PER_ADDRESS = 8_000;

let opened = 0;

serveParent(async ({ url, protocols }: SocketsTask): Promise<null> => {
  await atOnce(AT_ONCE, protocols, async (offered) => {
    const localAddress = `127.0.0.${2 + Math.floor(opened++ / PER_ADDRESS)}`;
    const { hostname: host, port } = new URL(url);
    const socket = new WebSocket(url, [...offered], {
      perMessageDeflate: false,
      createConnection: () => connect({ host, port: Number(port), localAddress }),
    });
    socket.on('close', () => process.exit(1));
    await once(socket, 'open');
  });
  return null;
});
