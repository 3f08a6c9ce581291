import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Logger } from '@restante/service-kit';
import type { Metrics } from '../metrics.ts';
import { addresseeOf, type Addressee, type Bus, type BusEvent, type MasterId, type Missed } from './bus.ts';
import { BEAT_MS, createBusPeers } from './bus-peers.ts';
import { decodeBusMessage, encodeBusMessage } from './bus-wire.ts';
import { createFollowedAddressees } from './followed-addressees.ts';
import { newMasterId } from './local-bus.ts';

/**
 * The bus over NATS core. Whoever is followed is a subscription; the subject that all masters hear is subscribed to last over each
 * new connection, so that a beat that comes by it proves that the others were there in time (`bus-peers.ts`).
 *
 * What is told while there is no connection is not told to others, ever: it is a gap to them. So is what is told while more than
 * {@link UNCONFIRMED_BYTES} wait to be read by a server.
 */
export type NatsBusOptions = {
  /** `host:port` of the servers, the nearest first. After a failure it is tried from the next one on. */
  readonly servers: readonly string[];
  readonly user: string;
  readonly password: string;
  readonly isTls: boolean;
  /** Before `directory`, and of all subjects: several sets of masters can share servers. May be empty. */
  readonly databasePrefix: string;
};

type Deps = {
  readonly log: Logger;
  readonly metrics: Pick<
    Metrics,
    | 'busUp'
    | 'busPublished'
    | 'busReceived'
    | 'busDropped'
    | 'busRefused'
    | 'busGaps'
    | 'busMasters'
    | 'busFollowed'
  >;
};

const LATENESS_MS = 1000;
const UNCONFIRMED_BYTES = 16 * 1024 * 1024;
/** From here on it is asked how much a server has read. */
const CONFIRM_BYTES = 1024 * 1024;
const DIAL_TIMEOUT_MS = 2000;
/** A server that does not answer twice is away. */
const PING_MS = 2000;
const PINGS = 2;
const RETRY_MS = 250;
const MAX_RETRY_MS = 2000;
const END_TIMEOUT_MS = 1000;
/** A connection that ends sooner is a failure. */
const STEADY_MS = 10_000;
/** What a subject may have between its dots. */
const TOKEN = /^[\w-]+$/;

/** One connection, from the moment when it can be subscribed over. */
type Link = {
  readonly connection: NatsConnection;
  readonly subscriptions: Map<Addressee, Subscription>;
  /** Of what no server is known to have read. */
  unconfirmedBytes: number;
  isConfirming: boolean;
};

/** Resolves when a server has read everything before; rejects when the connection ends, which NATS' own `flush` does not. */
const readByServer = async (connection: NatsConnection): Promise<void> => {
  const ended = connection.closed().then((reason) => {
    throw reason ?? new Error('the connection has ended');
  });
  await Promise.race([connection.flush(), ended]);
};

/** Resolves when it is connected, or the first try has failed. */
export const startNatsBus = async (options: NatsBusOptions, { log, metrics }: Deps): Promise<Bus> => {
  const self = newMasterId();
  const prefix = ['restante', ...(options.databasePrefix === '' ? [] : [options.databasePrefix])].join('.');
  const everybody = `${prefix}.masters`;
  const subjectOf = (addressee: Addressee): string => {
    if (!TOKEN.test(addressee)) throw new RangeError('an addressee that no subject can have');
    return `${prefix}.account.${addressee}`;
  };

  const followed = createFollowedAddressees();
  const listeners: ((event: BusEvent, from: MasterId) => void)[] = [];
  const missedListeners: ((missed: Missed) => void)[] = [];
  const over = new AbortController();
  const isOver = (): boolean => over.signal.aborted;
  let link: Link | null = null;
  let isUp = false;

  const peers = createBusPeers((missed) => {
    if (missed.kind === 'gap') metrics.busGaps.inc();
    log.info({ event: `bus-${missed.kind}`, master: missed.master }, 'another master was not heard in full');
    for (const listener of missedListeners) listener(missed);
  });

  /** When the connection has ended meanwhile, this never comes back, and what waited ended with it. */
  const confirm = async (open: Link): Promise<void> => {
    if (open.isConfirming) return;
    open.isConfirming = true;
    while (open.unconfirmedBytes >= CONFIRM_BYTES) {
      const asked = open.unconfirmedBytes;
      await open.connection.flush();
      open.unconfirmedBytes -= asked;
    }
    open.isConfirming = false;
  };

  const drop = (reason: 'away' | 'full' | 'refused'): void => {
    metrics.busDropped.inc({ reason });
    peers.mayBeLost();
  };
  /** The connection, while others can be told anything by it. */
  const way = (): Link | null => (isUp && link?.connection.isClosed() === false ? link : null);
  const send = (subject: string, bytes: Uint8Array): void => {
    const open = way();
    if (open === null) {
      drop('away');
      return;
    }
    if (open.unconfirmedBytes + bytes.length > UNCONFIRMED_BYTES) {
      drop('full');
      return;
    }
    try {
      open.connection.publish(subject, bytes);
    } catch (error) {
      log.warn({ event: 'bus-refused', err: error }, 'the bus did not take an event');
      drop('refused');
      return;
    }
    peers.published();
    open.unconfirmedBytes += bytes.length;
    // It rejects with the connection, if at all.
    confirm(open).catch(() => undefined);
  };
  const sayBeat = (isLast = false): void => {
    const beat = peers.next(isLast);
    way()?.connection.publish(everybody, encodeBusMessage({ from: self, beat }));
  };

  const hear = (event: BusEvent, from: MasterId): void => {
    for (const listener of listeners) listener(event, from);
  };
  /** Must not throw: the reader of the connection would end. */
  const receive = (bytes: Uint8Array): void => {
    const message = decodeBusMessage(bytes);
    if (message === null) {
      metrics.busRefused.inc();
      return;
    }
    try {
      if ('event' in message) {
        metrics.busReceived.inc({ kind: message.event.kind });
        hear(message.event, message.from);
        return;
      }
      // Who is new here knows nothing of this one either.
      if (peers.hear(message.from, message.beat)) sayBeat();
    } catch (error) {
      log.error({ event: 'bus-event-failed', err: error }, 'what another master told could not be acted on');
    } finally {
      metrics.busMasters.set(peers.size());
    }
  };
  const callback = (error: Error | null, { data }: { readonly data: Uint8Array }): void => {
    if (error === null) receive(data);
  };

  const subscribeTo = ({ connection, subscriptions }: Link, addressee: Addressee): void => {
    if (connection.isClosed()) return;
    subscriptions.set(addressee, connection.subscribe(subjectOf(addressee), { callback }));
  };

  /** What was told last may not have been read. */
  const lose = (): void => {
    if (isUp) peers.mayBeLost();
    link = null;
    isUp = false;
    metrics.busUp.set(0);
  };

  const connected = Promise.withResolvers<null>();
  /** One connection, from its beginning to its end. */
  const beConnected = async (servers: readonly string[]): Promise<void> => {
    const connection = await connect({
      servers: [...servers],
      noRandomize: true,
      user: options.user,
      pass: options.password,
      ...(options.isTls && { tls: {} }),
      name: 'restante-master',
      noEcho: true,
      reconnect: false,
      ignoreClusterUpdates: true,
      timeout: DIAL_TIMEOUT_MS,
      pingInterval: PING_MS,
      maxPingOut: PINGS,
    });
    const own: Link = { connection, subscriptions: new Map(), unconfirmedBytes: 0, isConfirming: false };
    try {
      if (isOver()) return;
      link = own;
      peers.connected();
      for (const addressee of followed.all()) subscribeTo(own, addressee);
      connection.subscribe(everybody, { callback });
      await readByServer(connection);
      isUp = true;
      metrics.busUp.set(1);
      log.info({ event: 'bus-up', server: connection.getServer() }, 'there is a way to the other masters');
      sayBeat();
      connected.resolve(null);
      const reason = await connection.closed();
      if (!isOver()) log.warn({ event: 'bus-away', err: reason }, 'there is no way to the other masters');
    } finally {
      lose();
      await connection.close();
    }
  };

  const stayConnected = async (): Promise<void> => {
    let failures = 0;
    while (!over.signal.aborted) {
      const first = failures % options.servers.length;
      const sinceMs = performance.now();
      try {
        await beConnected([...options.servers.slice(first), ...options.servers.slice(0, first)]);
        failures = performance.now() - sinceMs < STEADY_MS ? failures + 1 : 0;
      } catch (error) {
        log[failures === 0 ? 'warn' : 'debug'](
          { event: 'bus-unreachable', err: error },
          'the bus was not reached',
        );
        failures += 1;
      }
      connected.resolve(null);
      const patience = Math.min(RETRY_MS * 2 ** failures, MAX_RETRY_MS);
      // Spread, so that the masters do not all come back at once.
      await sleep(patience / 2 + (Math.random() * patience) / 2, undefined, { signal: over.signal }).catch(
        () => undefined,
      );
    }
  };

  metrics.busUp.set(0);
  const heart = setInterval(() => {
    if (isUp) {
      peers.tick();
      metrics.busMasters.set(peers.size());
    }
    sayBeat();
  }, BEAT_MS);
  void stayConnected();
  await connected.promise;

  return {
    self,
    latenessMs: LATENESS_MS,
    publish: (event) => {
      metrics.busPublished.inc({ kind: event.kind });
      hear(event, self);
      const addressee = addresseeOf(event);
      send(addressee === null ? everybody : subjectOf(addressee), encodeBusMessage({ from: self, event }));
    },
    subscribe: (listener) => void listeners.push(listener),
    onMissed: (listener) => void missedListeners.push(listener),
    follow: (addressee) => {
      if (!followed.follow(addressee)) return;
      metrics.busFollowed.set(followed.size());
      if (link !== null) subscribeTo(link, addressee);
    },
    unfollow: (addressee) => {
      if (!followed.unfollow(addressee)) return;
      metrics.busFollowed.set(followed.size());
      link?.subscriptions.get(addressee)?.unsubscribe();
      link?.subscriptions.delete(addressee);
    },
    state: () => ({ kind: 'nats', up: isUp, peers: peers.size() }),
    [Symbol.asyncDispose]: async () => {
      if (over.signal.aborted) return;
      clearInterval(heart);
      sayBeat(true);
      const { connection } = link ?? {};
      over.abort();
      if (connection === undefined) return;
      const wait = new AbortController();
      await Promise.race([
        connection.flush().catch(() => undefined),
        sleep(END_TIMEOUT_MS, undefined, { signal: wait.signal }).catch(() => undefined),
      ]);
      wait.abort();
      await connection.close();
    },
  };
};
