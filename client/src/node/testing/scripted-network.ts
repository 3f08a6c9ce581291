import type { Downstream } from '@restante/protocol';
import type { ScriptedCluster, Answer, ScriptedRequest } from './scripted-cluster.ts';

/**
 * What becomes of something on its way. A frame arrives, or twice when it is a push. A request `whole`: it is done and answered;
 * `lost`: neither; `unanswered`: done, and its sender hears of nothing; `late`: its answer comes later, or the work is done
 * later while its sender has given it up.
 */
export const FATES = ['whole', 'lost', 'unanswered', 'late', 'twice'] as const;
export type Fate = (typeof FATES)[number];

type Item = { readonly what: string; readonly meet: (fate: Fate) => void };

/** What arrives in its order, or not at all. */
class Lane {
  readonly items: Item[] = [];
  readonly isStalled: () => boolean;
  constructor(isStalled: () => boolean = () => false) {
    this.isStalled = isStalled;
  }
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

const lost = (): TypeError => new TypeError('the network has failed');

/** Everything between the devices, masters and nodes of a scripted cluster in this process. Nothing moves but by {@link pass}. */
export class ScriptedNetwork {
  readonly cluster: ScriptedCluster;
  /** Masters that are away, by their number. */
  readonly mastersDown = new Set<number>();
  readonly peers = new Set<ScriptedPeer>();
  readonly #lanes: Lane[] = [];

  constructor(cluster: ScriptedCluster) {
    this.cluster = cluster;
    cluster.carry = (node, arrive, answered) => {
      this.once(`to node ${node}`, (fate) => {
        if (fate === 'late') this.once(`late to node ${node}`, () => void arrive());
        const done = fate !== 'lost' && fate !== 'late' && arrive();
        answered(done && fate !== 'unanswered');
      });
    };
  }

  /** Something that moves by itself; an answer: it does not any more. */
  once(what: string, meet: Item['meet'], isStalled?: () => boolean): () => void {
    const lane = new Lane(isStalled);
    this.queue(lane, { what, meet });
    return () => void (lane.items.length = 0);
  }

  queue(lane: Lane, item: Item): void {
    lane.items.push(item);
    if (!this.#lanes.includes(lane)) this.#lanes.push(lane);
  }

  /** Lets one of those that can move meet its fate: `choice` is taken modulo their number. False: nothing can. */
  pass(choice: number, fate: Fate): boolean {
    for (let index = this.#lanes.length - 1; index >= 0; index -= 1)
      if (this.#lanes[index]?.items.length === 0) this.#lanes.splice(index, 1);
    const ready = this.#lanes.filter((lane) => !lane.isStalled());
    const item = ready[choice % ready.length]?.items.shift();
    item?.meet(fate);
    return item !== undefined;
  }

  /** A master goes away, and with it its connections. */
  stopMaster(master: number): void {
    this.mastersDown.add(master);
    for (const peer of this.peers) peer.dropSockets(master, false);
  }
}

type Listeners = { message: (event: { data: unknown }) => void; close: (event: { code: number }) => void };

/** The network as one process sees it: what is fetched and connected through it is lost with it. */
export class ScriptedPeer {
  /** Nothing passes, and nobody is told. */
  isStalled = false;
  readonly #network: ScriptedNetwork;
  readonly #name: string;
  #isDead = false;
  readonly #sockets = new Set<{ readonly master: number; readonly drop: (arrived: boolean) => void }>();
  readonly #requests = new Set<(arrived: boolean) => void>();

  constructor(network: ScriptedNetwork, name: string) {
    this.#network = network;
    this.#name = name;
    network.peers.add(this);
  }

  /** All that is on its way is lost and its connections end; `arrived`: what was sent has arrived before. */
  drop(arrived: boolean): void {
    for (const fail of [...this.#requests]) fail(arrived);
    this.dropSockets(null, arrived);
  }

  dropSockets(master: number | null, arrived: boolean): void {
    for (const socket of [...this.#sockets])
      if (master === null || socket.master === master) socket.drop(arrived);
  }

  /** Its process has died. `arrived`: what it had sent has arrived before. */
  kill(arrived: boolean): void {
    this.#isDead = true;
    this.drop(arrived);
    this.#network.peers.delete(this);
  }

  readonly fetch = ((input: string, init: RequestInit = {}) =>
    new Promise<Response>((resolve, reject) => {
      const url = new URL(input);
      const request: ScriptedRequest = {
        ...{ method: init.method ?? 'GET', url },
        token: ((init.headers as Record<string, string>)['authorization'] ?? '').replace('Bearer ', ''),
        body: typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined,
      };
      const end = (): void => {
        forget();
        this.#requests.delete(fail);
        init.signal?.removeEventListener('abort', abort);
      };
      let isMet = false;
      const fail = (arrived: boolean): void => {
        if (arrived && !isMet) this.#network.cluster.answer(request);
        end();
        reject(lost());
      };
      const abort = (): void => {
        end();
        reject(init.signal?.reason as Error);
      };
      const answer = (given: Answer | null): void => {
        end();
        if (given === null) reject(lost());
        else
          resolve(Response.json(given.json ?? null, { status: given.status === 204 ? 200 : given.status }));
      };
      const isStalled = (): boolean => this.isStalled;
      const what = `${this.#name} ${request.method} ${url.pathname}`;
      const meet = (fate: Fate): void => {
        isMet = true;
        if (fate === 'lost' || (url.pathname.startsWith('/api/') && this.#isAway(url))) fail(false);
        else if (url.pathname.endsWith('/events'))
          this.#listen(request, what, init.signal, answer, resolve, end);
        else {
          const given = this.#network.cluster.answer(request);
          if (fate === 'unanswered') fail(false);
          else if (fate === 'late')
            forget = this.#network.once(`answer: ${what}`, () => answer(given), isStalled);
          else answer(given);
        }
      };
      let forget = (): void => undefined;
      if (init.signal?.aborted) {
        reject(init.signal.reason as Error);
        return;
      }
      this.#requests.add(fail);
      init.signal?.addEventListener('abort', abort);
      if (this.#isDead) fail(false);
      else forget = this.#network.once(what, meet, isStalled);
    })) as unknown as typeof globalThis.fetch;

  #isAway({ hostname }: URL): boolean {
    return this.#network.mastersDown.has(Number(hostname.replace('master-', '')));
  }

  /** A stream of events until it is aborted or the link is dropped. */
  #listen(
    request: ScriptedRequest,
    what: string,
    signal: AbortSignal | null | undefined,
    answer: (given: Answer | null) => void,
    resolve: (response: Response) => void,
    end: () => void,
  ): void {
    const begin = this.#network.cluster.listen(request);
    if (typeof begin !== 'function') {
      answer(begin);
      return;
    }
    end();
    const lane = new Lane(() => this.isStalled);
    const encoder = new TextEncoder();
    let stop = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const fail = (): void => {
          close();
          controller.error(lost());
        };
        const abort = (): void => {
          close();
          controller.error(signal?.reason);
        };
        const close = (): void => {
          stop();
          lane.items.length = 0;
          this.#requests.delete(fail);
          signal?.removeEventListener('abort', abort);
        };
        this.#requests.add(fail);
        signal?.addEventListener('abort', abort);
        stop = begin((event) =>
          this.#network.queue(lane, {
            what: `event: ${what}`,
            meet: () => controller.enqueue(encoder.encode(event)),
          }),
        );
      },
      cancel: () => stop(),
    });
    resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
  }

  get WebSocket(): typeof globalThis.WebSocket {
    const connect = (socket: Connecting): void => this.#connect(socket);
    /** As much of a WebSocket as a messenger uses. */
    class Connecting {
      readonly OPEN = OPEN;
      readonly url: URL;
      readonly offered: readonly string[];
      readonly protocol: string;
      readyState = CONNECTING;
      readonly heard: Partial<Listeners> = {};
      send: (text: string) => void = () => undefined;
      close: () => void = () => undefined;
      constructor(url: URL, offered: readonly string[]) {
        this.url = url;
        this.offered = offered;
        this.protocol = offered[0] ?? '';
        connect(this);
      }
      addEventListener(type: keyof Listeners, listener: never): void {
        this.heard[type] = listener;
      }
    }
    return Connecting as unknown as typeof globalThis.WebSocket;
  }

  #connect(client: {
    readonly url: URL;
    readonly offered: readonly string[];
    readonly heard: Partial<Listeners>;
    readyState: number;
    send: (text: string) => void;
    close: () => void;
  }): void {
    const network = this.#network;
    const { cluster } = network;
    const isStalled = (): boolean => this.isStalled;
    const [up, down] = [new Lane(isStalled), new Lane(isStalled)];
    const master = Number(client.url.hostname.replace('master-', ''));
    let hear: (text: string) => void = () => undefined;
    const closed = (code: number): void => {
      if (client.readyState === CLOSED) return;
      client.readyState = CLOSED;
      this.#sockets.delete(connection);
      client.heard.close?.({ code });
    };
    const frame = (text: string): Item => {
      const { type } = JSON.parse(text) as Downstream;
      return {
        what: `${this.#name} is told ${type}`,
        meet: (fate) => {
          for (let times = fate === 'twice' && type === 'envelope' ? 2 : 1; times > 0; times -= 1)
            if (client.readyState === OPEN) client.heard.message?.({ data: text });
        },
      };
    };
    const server = {
      send: (text: string) => network.queue(down, frame(text)),
      close: (code = 1005) => {
        hear = () => undefined;
        network.queue(down, { what: `${this.#name} is left`, meet: () => closed(code) });
      },
    };
    const connection = {
      master,
      drop: (arrived: boolean): void => {
        if (arrived) for (const { meet } of up.items) meet('whole');
        up.items.length = 0;
        down.items.length = 0;
        hear = () => undefined;
        cluster.disconnect(server);
        closed(1006);
      },
    };
    client.send = (text) =>
      network.queue(up, {
        what: `${this.#name} says ${(JSON.parse(text) as { type: string }).type}`,
        meet: () => hear(text),
      });
    client.close = () => {
      client.readyState = CLOSED;
      this.#sockets.delete(connection);
      down.items.length = 0;
      network.queue(up, { what: `${this.#name} leaves`, meet: () => cluster.disconnect(server) });
    };
    this.#sockets.add(connection);
    network.queue(up, {
      what: `${this.#name} connects`,
      meet: (fate) => {
        if (client.readyState === CLOSED) return;
        const device =
          this.#isDead || fate === 'lost' || this.#isAway(client.url) ? null : cluster.admit(client.offered);
        if (device === null) closed(1006);
        else {
          client.readyState = OPEN;
          hear = cluster.connect(server, device);
        }
      },
    });
  }
}
