import { downstream, ERRORS, upstream, type ErrorCode } from '@restante/protocol';
import { Counter, createRegistry, Gauge, Histogram, type ClockHealth } from '@restante/service-kit';
import { DIRECTORY_FAULTS } from './directory/directory-faults.ts';
import type { ServerState } from './directory/couch-servers.ts';
import { BUS_EVENTS } from './live/bus.ts';

const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const STOCK_BUCKETS = [0, 1, 5, 10, 20, 50, 100];

/** Why an account is not made, as far as its asker is to blame; the first demand for work is among them. */
const REGISTRATION_REFUSALS: readonly ErrorCode[] = [
  'registration-closed',
  'invite-needed',
  'invite-invalid',
  'work-needed',
  'username-taken',
  'rate-limited',
];

type Frames = typeof upstream | typeof downstream;
const typesOf = (frames: Frames): string[] =>
  frames.def.options.flatMap(({ shape }): readonly string[] => shape.type.def.values);

/** Metrics of a master node. Labels come from closed sets; series that can be known start at zero. */
export const createMetrics = (nodeNames: readonly string[]) => {
  const registry = createRegistry('master-node');
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `gateway_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: `gateway_${name}`, help, labelNames, registers });
  const latency = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Histogram({ name: `gateway_${name}_seconds`, help, labelNames, buckets: LATENCY_BUCKETS, registers });

  const metrics = {
    registry,
    connections: gauge('connections', 'Open WebSocket connections'),
    slowConnections: gauge('slow_connections', 'Connections that take frames too slowly and get no pushes'),
    upgradesRefused: counter('upgrades_refused_total', 'Refused WebSocket upgrades', ['code']),
    connectionsEnded: counter('connections_ended_total', 'Connections ended by this server', ['code']),
    frames: counter('frames_received_total', 'Frames received', ['type']),
    sendsAccepted: counter('sends_accepted_total', 'Accepted messages by copies at that moment', ['copies']),
    sendsRefused: counter('sends_refused_total', 'Refused messages', ['code']),
    acceptLatency: latency('accept_latency', 'From a send frame to its accepted'),
    pushLatency: latency('push_latency', 'From a send frame to the push of its envelopes'),
    pushes: counter('pushes_total', 'Envelopes handed to live connections'),
    pushesLeftOut: counter('pushes_left_out_total', 'Frames left out because a socket was slow', ['type']),
    signalsWithheld: counter('signals_withheld_total', 'Typing and presence that a device does not take', [
      'type',
    ]),
    catchUps: counter('catch_ups_total', 'Slow sockets that were told to catch up'),
    storeLatency: latency('store_latency', 'One POST /messages to a mailbox node', ['node']),
    storeEnvelopes: counter('store_envelopes_total', 'Envelopes written, by result', ['node', 'result']),
    storeQueueBytes: gauge('store_queue_bytes', 'Bytes that wait to be written', ['node']),
    nodeUp: gauge('mailbox_node_up', 'Whether a mailbox node is written to', ['node']),
    acknowledged: counter('acknowledged_total', 'Messages acknowledged, by nodes that deleted at once', [
      'copies',
    ]),
    deletes: counter('deletes_total', 'Requests to delete on behalf of a device', ['node', 'result']),
    registrations: counter('registrations_total', 'Accounts made'),
    registrationsRefused: counter('registrations_refused_total', 'Accounts that were not made', ['code']),
    logins: counter('logins_total', 'Logins with a password', ['result']),
    tokens: counter('tokens_total', 'Sessions issued for a device secret', ['result']),
    keyFetches: counter('key_fetches_total', 'Key bundles handed out'),
    oneTimeKeys: counter('one_time_keys_handed_out_total', 'One-time keys handed out', ['kind']),
    lastResortKeys: counter('last_resort_keys_handed_out_total', 'Bundles without a one-time Kyber key'),
    keysLow: counter('keys_low_total', 'Times that a device was told that its one-time keys run out'),
    keyStock: new Histogram({
      name: 'gateway_key_stock_keys',
      help: 'One-time keys that a device has left when one is handed out, or when it connects and has few',
      labelNames: ['kind'],
      buckets: STOCK_BUCKETS,
      registers,
    }),
    rateLimited: counter('rate_limited_total', 'Requests over a rate', ['limit']),
    conflicts: counter('directory_conflicts_resolved_total', 'Losing leaves deleted', ['kind']),
    tampered: counter('directory_tampered_total', 'Leaves found that no master wrote, or that went back', [
      'fault',
    ]),
    restored: counter('directory_restored_total', 'Documents put back from the other CouchDBs', ['fault']),
    signedEarlier: gauge(
      'directory_signed_earlier',
      'Documents that an earlier key has signed, over all CouchDBs',
    ),
    failovers: counter('directory_failovers_total', 'CouchDBs found down'),
    deviceSets: counter('device_set_reads_total', 'Device sets read, from where', ['source']),
    busUp: gauge('bus_up', 'Whether other masters can be told anything'),
    busMasters: gauge('bus_masters', 'Other masters that are heard'),
    busFollowed: gauge('bus_followed_accounts', 'Accounts whose events come from other masters'),
    busPublished: counter('bus_published_total', 'Events told', ['kind']),
    busReceived: counter('bus_received_total', 'Events heard of other masters', ['kind']),
    busDropped: counter('bus_dropped_total', 'Events that other masters were not told', ['reason']),
    busRefused: counter('bus_refused_total', 'What came over the bus and is not what a master says'),
    busGaps: counter('bus_gaps_total', 'Times that events of another master may have been lost'),
    busCatchUps: counter('bus_catch_ups_total', 'Connections that were told to catch up after such a gap'),
  };

  const codes = Object.keys(ERRORS) as ErrorCode[];
  for (const code of codes) {
    metrics.sendsRefused.inc({ code }, 0);
    metrics.upgradesRefused.inc({ code }, 0);
    metrics.connectionsEnded.inc({ code }, 0);
  }
  for (const type of [...typesOf(upstream), 'invalid']) metrics.frames.inc({ type }, 0);
  for (const type of ['typing', 'presence']) metrics.signalsWithheld.inc({ type }, 0);
  for (const type of typesOf(downstream)) metrics.pushesLeftOut.inc({ type }, 0);
  for (let copies = 0; copies <= nodeNames.length; copies += 1) {
    if (copies > 0) metrics.sendsAccepted.inc({ copies }, 0);
    metrics.acknowledged.inc({ copies }, 0);
  }
  for (const kind of ['username', 'account', 'device', 'keys', 'invite']) metrics.conflicts.inc({ kind }, 0);
  for (const fault of DIRECTORY_FAULTS) {
    metrics.tampered.inc({ fault }, 0);
    metrics.restored.inc({ fault }, 0);
  }
  for (const code of REGISTRATION_REFUSALS) metrics.registrationsRefused.inc({ code }, 0);
  for (const kind of ['ec', 'kyber']) {
    metrics.oneTimeKeys.inc({ kind }, 0);
    metrics.keyStock.zero({ kind });
  }
  for (const kind of BUS_EVENTS) {
    metrics.busPublished.inc({ kind }, 0);
    metrics.busReceived.inc({ kind }, 0);
  }
  for (const reason of ['away', 'full', 'refused']) metrics.busDropped.inc({ reason }, 0);
  for (const source of ['cache', 'directory', 'stale']) metrics.deviceSets.inc({ source }, 0);
  for (const result of ['accepted', 'refused']) {
    metrics.logins.inc({ result }, 0);
    metrics.tokens.inc({ result }, 0);
  }
  for (const node of nodeNames) {
    metrics.nodeUp.set({ node }, 1);
    metrics.storeQueueBytes.set({ node }, 0);
    metrics.storeLatency.zero({ node });
    for (const result of ['stored', 'refused', 'failed']) metrics.storeEnvelopes.inc({ node, result }, 0);
    for (const result of ['deleted', 'failed']) metrics.deletes.inc({ node, result }, 0);
  }
  /** `states` is asked at the moment of a scrape. */
  const watchDirectory = (states: () => readonly ServerState[]): void => {
    new Gauge({
      name: 'gateway_directory_server_up',
      help: 'Whether a CouchDB of the directory answers and is not being filled',
      labelNames: ['server'],
      registers,
      collect() {
        for (const { url, up, filling } of states()) this.set({ server: url }, up && !filling ? 1 : 0);
      },
    });
  };
  const watchClock = (clock: () => ClockHealth): void => {
    new Gauge({
      name: 'gateway_clock_doubted',
      help: '1 while the clock is not believed, and no device number is used again by it',
      registers,
      collect() {
        this.set(clock().isDoubted ? 1 : 0);
      },
    });
    new Gauge({
      name: 'gateway_clock_ahead_seconds',
      help: 'How far the clock is ahead of the confirmed time; negative: behind it',
      registers,
      collect() {
        this.set(clock().aheadSeconds);
      },
    });
  };
  const watchSetAside = (counts: () => Readonly<Record<string, number>>): void => {
    new Gauge({
      name: 'gateway_directory_documents_set_aside',
      help: 'Documents of the directory that are not what they should be, by what is wrong with them',
      labelNames: ['fault'],
      registers,
      collect() {
        for (const [fault, documents] of Object.entries(counts())) this.set({ fault }, documents);
      },
    });
  };
  const watchOwedDeletes = (countFor: (node: string) => number): void => {
    new Gauge({
      name: 'gateway_owed_deletes',
      help: 'Messages that devices have acknowledged and a node has not deleted yet',
      labelNames: ['node'],
      registers,
      collect() {
        for (const node of nodeNames) this.set({ node }, countFor(node));
      },
    });
  };
  return { ...metrics, watchDirectory, watchClock, watchSetAside, watchOwedDeletes };
};

export type Metrics = ReturnType<typeof createMetrics>;
