import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * What the proxy does to the traffic between a client and the server behind it:
 * - `pass`: carries it;
 * - `refuse`: resets new connections at once, as a dead process does;
 * - `stall`: takes connections and bytes, and delivers nothing until it passes again;
 * - `half-open`: what comes from the server still arrives, what the client sends is lost, and nobody is told. When it
 *   ends, present connections are reset: nobody can go on in a stream with a hole.
 */
export type Fault = 'pass' | 'refuse' | 'stall' | 'half-open';

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

type Pair = { readonly client: Socket; readonly server: Socket };

/**
 * A TCP proxy in front of `target` (`http://host:port`, or `https:`), on a free port of the same host: whoever reaches the target
 * reaches the proxy.
 */
export const startFaultProxy = async (target: string): Promise<FaultProxy> => {
  const { protocol, hostname, port } = new URL(target);
  const pairs = new Set<Pair>();
  let fault: Fault = 'pass';

  const apply = ({ client, server }: Pair): void => {
    if (fault === 'stall') {
      client.pause();
      server.pause();
    } else {
      client.resume();
      server.resume();
    }
  };

  const listener = createServer({ noDelay: true }, (client) => {
    client.on('error', () => client.destroy());
    if (fault === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ host: hostname, port: Number(port), noDelay: true });
    const pair = { client, server };
    pairs.add(pair);
    const forward = (from: Socket, to: Socket, lost: () => boolean): void => {
      from.on('data', (chunk) => {
        if (lost()) return;
        if (to.write(chunk)) return;
        from.pause();
        to.once('drain', () => fault !== 'stall' && from.resume());
      });
      from.on('end', () => !lost() && to.end());
      from.on('close', () => {
        pairs.delete(pair);
        if (!lost()) to.destroy();
      });
      from.on('error', () => to.destroy());
    };
    forward(client, server, () => fault === 'half-open');
    forward(server, client, () => false);
    apply(pair);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, hostname, resolve);
  });
  const address = `${hostname}:${(listener.address() as AddressInfo).port}`;

  const cut = (): void => {
    for (const { client, server } of pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  };
  return {
    address,
    url: `${protocol}//${address}`,
    set: (next) => {
      if (fault === 'half-open' && next !== 'half-open') cut();
      fault = next;
      pairs.forEach(apply);
    },
    cut,
    connections: () => pairs.size,
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
};
