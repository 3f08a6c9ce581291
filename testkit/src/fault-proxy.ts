import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createDelayLine, type DelayLine, type Pace } from './delay-line.ts';
import { seededRandom } from './seeded-random.ts';

/** Connections that break, each after so many bytes as are drawn for it, about `meanBytes`. */
export type Lossy = { readonly seed: number; readonly meanBytes: number };

/**
 * What the proxy does to the traffic between a client and the server behind it:
 * - `pass`: carries it;
 * - `refuse`: resets new connections at once, as a dead process does;
 * - `stall`: takes connections and bytes, and delivers nothing until it passes again;
 * - `half-open`: what comes from the server still arrives, what the client sends is lost, and nobody is told. When it
 *   ends, present connections are reset: nobody can go on in a stream with a hole;
 * - `one-way`: the same in the other direction. What is asked is done, and no answer comes;
 * - `not-there`: new connections reach another program, which knows nothing of what it is asked: 404, in the words of the protocol;
 * - `falsified`: carries it with one bit changed in each piece that comes;
 * - a {@link Pace}: carries it, late and slowly, each direction of each connection by itself;
 * - {@link Lossy}: carries it, and resets connections in the middle of what they carry.
 */
export type Fault =
  'pass' | 'refuse' | 'stall' | 'half-open' | 'one-way' | 'not-there' | 'falsified' | Pace | Lossy;

/** What a sender has given to the proxy: connections are counted from 0. */
type Carried = { readonly connection: number; readonly toServer: boolean; readonly bytes: Buffer };

export type FaultProxy = AsyncDisposable & {
  /** `host:port` that clients connect to. */
  readonly address: string;
  /** That address with the protocol of the target. */
  readonly url: string;
  /** Changes what happens to present and new connections. */
  readonly set: (fault: Fault) => void;
  /** Resets every present connection; new ones are treated as set. */
  readonly cut: () => void;
  readonly connections: () => number;
};

/** One direction of a connection. */
type Direction = { readonly line: DelayLine; readonly flow: () => void };
type Pair = {
  readonly number: number;
  readonly client: Socket;
  readonly server: Socket;
  readonly directions: readonly Direction[];
  /** Bytes until it breaks. */
  left: number;
};

const NOTHING_HERE = JSON.stringify({ code: 'not-found', message: 'nothing is here' });
const NOT_THERE = [
  'HTTP/1.1 404 Not Found',
  'content-type: application/json',
  `content-length: ${NOTHING_HERE.length}`,
  'connection: close',
  '',
  NOTHING_HERE,
].join('\r\n');

/** One bit in the middle. */
const falsified = (bytes: Buffer): Buffer => {
  const changed = Buffer.from(bytes);
  const middle = bytes.length >> 1;
  changed.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  return changed;
};

const isPace = (fault: Fault): fault is Pace => typeof fault === 'object' && 'latencyMs' in fault;
const hasHoles = (fault: Fault): boolean => fault === 'half-open' || fault === 'one-way';

const reset = ({ client, server, directions }: Pair): void => {
  directions.forEach(({ line }) => line.clear());
  client.resetAndDestroy();
  server.destroy();
};

/** How far the next connections come. */
const breakingPoints = (fault: Fault): (() => number) => {
  if (typeof fault !== 'object' || isPace(fault)) return () => Infinity;
  const { below } = seededRandom(fault.seed);
  return () => 1 + below(2 * fault.meanBytes);
};

/**
 * A TCP proxy in front of `target` (`http://host:port`, or `https:`), on a free port of the same host: whoever reaches the target
 * reaches the proxy. `onCarried` sees what passes, as it came.
 */
export const startFaultProxy = async (
  target: string,
  onCarried?: (carried: Carried) => void,
): Promise<FaultProxy> => {
  const { protocol, hostname, port } = new URL(target);
  const pairs = new Set<Pair>();
  let fault: Fault = 'pass';
  let nextBreakingPoint = breakingPoints(fault);
  let opened = 0;

  /** Carries what comes from one side to the other. `losing`: the fault under which it is lost on the way. */
  const carry = (from: Socket, to: Socket, losing: Fault, pairOf: () => Pair): Direction => {
    const line = createDelayLine();
    const flow = (): void => {
      if (fault === 'stall' || to.writableNeedDrain || line.isFull()) from.pause();
      else from.resume();
    };
    const isLost = (): boolean => fault === losing;
    to.on('drain', flow);
    from.on('data', (chunk: Buffer) => {
      if (isLost()) return;
      const pair = pairOf();
      onCarried?.({ connection: pair.number, toServer: losing === 'half-open', bytes: chunk });
      const part = chunk.subarray(0, pair.left);
      const carried = fault === 'falsified' && part.length > 0 ? falsified(part) : part;
      pair.left -= carried.length;
      line.carry(carried.length, () => {
        if (carried.length < chunk.length) to.write(carried, () => reset(pair));
        else to.write(carried);
        flow();
      });
      flow();
    });
    from.on('end', () => {
      if (!isLost()) line.carry(0, () => to.end());
    });
    from.on('close', () => {
      if (to.destroyed) pairs.delete(pairOf());
      else if (!isLost()) line.carry(0, () => to.destroy());
    });
    from.on('error', () => {
      line.clear();
      to.destroy();
    });
    return { line, flow };
  };

  const treat = ({ directions }: Pair): void => {
    for (const { line, flow } of directions) {
      line.set(isPace(fault) ? fault : null);
      flow();
    }
  };

  const listener = createServer({ noDelay: true }, (client) => {
    client.on('error', () => client.destroy());
    if (fault === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    if (fault === 'not-there') {
      client.once('data', () => client.end(NOT_THERE));
      return;
    }
    const server = connect({ host: hostname, port: Number(port), noDelay: true });
    const pair: Pair = {
      number: opened++,
      client,
      server,
      left: nextBreakingPoint(),
      directions: [
        carry(client, server, 'half-open', () => pair),
        carry(server, client, 'one-way', () => pair),
      ],
    };
    pairs.add(pair);
    treat(pair);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, hostname, resolve);
  });
  const address = `${hostname}:${(listener.address() as AddressInfo).port}`;

  const cut = (): void => pairs.forEach(reset);
  return {
    address,
    url: `${protocol}//${address}`,
    set: (next) => {
      if (hasHoles(fault) && next !== fault) cut();
      fault = next;
      nextBreakingPoint = breakingPoints(next);
      for (const pair of pairs) {
        pair.left = nextBreakingPoint();
        treat(pair);
      }
    },
    cut,
    connections: () => pairs.size,
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
};
