/**
 * Process of the raw peer of a live push: hands each WebSocket message to all other connections and does nothing
 * else. Tells its parent the port.
 */
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const text = (data as Buffer).toString('utf8');
    for (const other of server.clients) if (other !== socket) other.send(text);
  });
});
server.on('listening', () => process.send!((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
