import { Agent, type ClientRequestArgs } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const CONNECT_DEADLINE_MS = 2_000;

const open = (upstream: URL): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({
      host: upstream.hostname.replace(/^\[|\]$/g, ''),
      port: Number(upstream.port || 80),
      noDelay: true,
    });
    const deadline = setTimeout(() => socket.destroy(new Error('connect timed out')), CONNECT_DEADLINE_MS);
    socket.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(deadline);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });

/**
 * Connects every request to one of several equal upstreams: each in turn, and the next one when it takes no
 * connection. A request's body is not read before that, so nothing is sent twice.
 */
export class UpstreamAgent extends Agent {
  readonly #upstreams: readonly URL[];
  #turn = 0;

  constructor(upstreams: readonly string[]) {
    super({ keepAlive: false });
    this.#upstreams = upstreams.map((upstream) => new URL(upstream));
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    this.#connect().then(
      (socket) => callback(null, socket),
      // node reads no socket beside an error.
      (error: unknown) => (callback as (error: Error) => void)(error as Error),
    );
  }

  async #connect(): Promise<Socket> {
    this.#turn += 1;
    let failure: unknown;
    for (let next = 0; next < this.#upstreams.length; next += 1) {
      const upstream = this.#upstreams[(this.#turn + next) % this.#upstreams.length];
      try {
        if (upstream) return await open(upstream);
      } catch (error) {
        failure = error;
      }
    }
    throw failure instanceof Error ? failure : new Error('no upstream takes a connection');
  }
}
