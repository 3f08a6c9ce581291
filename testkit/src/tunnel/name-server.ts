import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A DNS server with IPv4 addresses of a few names, which can change. */
export type NameServer = AsyncDisposable & {
  /** `host:port`. */
  readonly address: string;
  /** An IPv4 address, or null: there is no such name any more. */
  readonly set: (name: string, address: string | null) => void;
};

const TYPE_A = 1;
const TTL_SECONDS = 1;
const HEADER_BYTES = 12;

/** The name of the first question, and where its type begins. */
const questionOf = (query: Buffer): { name: string; end: number } => {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
};

export const startNameServer = async (host: string): Promise<NameServer> => {
  const addresses = new Map<string, string>();
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address: from }) => {
    const { name, end } = questionOf(query);
    const known = addresses.get(name);
    const isAnswered = known !== undefined && query.readUInt16BE(end) === TYPE_A;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16BE(query.readUInt16BE(0), 0);
    // An answer, with recursion; 3: no such name.
    header.writeUInt16BE(0x8180 + (known === undefined ? 3 : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(isAnswered ? 1 : 0, 6);
    const record = Buffer.alloc(16);
    // The name of the question, its type, IN.
    record.writeUInt16BE(0xc000 + HEADER_BYTES, 0);
    record.writeUInt16BE(TYPE_A, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(TTL_SECONDS, 6);
    record.writeUInt16BE(4, 10);
    record.set((known ?? '').split('.').map(Number).slice(0, 4), 12);
    const question = query.subarray(HEADER_BYTES, end + 4);
    socket.send(Buffer.concat([header, question, ...(isAnswered ? [record] : [])]), port, from);
  });
  socket.bind(0, host);
  await once(socket, 'listening');
  return {
    address: `${host}:${socket.address().port}`,
    set: (name, address) => {
      if (address === null) addresses.delete(name);
      else addresses.set(name, address);
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
};
