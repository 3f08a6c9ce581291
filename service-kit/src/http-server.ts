import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export type HttpServer = {
  readonly server: Server;
  /** `http://host:port`, with the port that was really taken. */
  readonly url: string;
  /** Takes no new connections, lets requests under way finish, ends what is left after the deadline. */
  readonly close: (deadlineMs: number) => Promise<void>;
};

/**
 * Ends a connection whose request could not be read to its end. Node would answer 400 to one that breaks off in a body, and a
 * sender whose link broke would take that for a refusal of what it sent.
 */
const endUnread = ({ code }: NodeJS.ErrnoException, socket: Duplex): void => {
  if (code === 'HPE_HEADER_OVERFLOW' && socket.writable) {
    socket.end('HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n');
  } else {
    socket.destroy();
  }
};

/** Listens on `host:port` (port 0 for any free one). Slow and idle clients are ended by time-outs. */
export const listen = async (
  listener: RequestListener,
  { host, port }: { host: string; port: number },
): Promise<HttpServer> => {
  const server = createServer(
    {
      keepAliveTimeout: 65_000,
      headersTimeout: 20_000,
      requestTimeout: 60_000,
      maxHeaderSize: 16 * 1024,
      noDelay: true,
    },
    listener,
  );
  server.on('clientError', endUnread);
  let isClosing = false;
  // A kept-alive connection whose request was under way at `close` is idle only now.
  server.on('request', (_request, response: ServerResponse) => {
    response.on('close', () => {
      if (isClosing) setImmediate(() => server.closeIdleConnections());
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    server,
    url: `http://${name}:${address.port}`,
    close: async (deadlineMs) => {
      isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearTimeout(deadline);
    },
  };
};
