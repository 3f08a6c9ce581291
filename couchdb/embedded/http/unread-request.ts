import type { Duplex } from 'node:stream';

/**
 * Ends a connection whose request could not be read to its end. Node would answer 400 to one that breaks off in a body, and a
 * peer whose link broke would take that for a refusal of what it sent.
 */
export function endUnread({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (code === 'HPE_HEADER_OVERFLOW' && socket.writable) {
    socket.end('HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n');
  } else {
    socket.destroy();
  }
}

/** Whether what failed is the reading of a body that broke off. */
export function brokeOff(failure: unknown): boolean {
  return (failure as { type?: unknown } | null)?.type === 'request.aborted';
}
