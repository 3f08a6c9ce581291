import { VERSIONS, type Versions } from '@restante/protocol';
import {
  CONFLICT_SCAN,
  connectCouch,
  CouchError,
  askReady,
  clockHealth,
  createAgreedTime,
  createConfirmedClock,
  createLog,
  createObjectStore,
  createRegistry,
  createSetAside,
  createTokenVerifier,
  listen,
  parseCouchUrl,
  removeKept,
  startLoop,
  type Logger,
} from '@restante/service-kit';
import { createOwnerTokens } from './routes/ended-tokens.ts';
import { createApp } from './routes/app.ts';
import { createPartCopies } from './blobs/part-copies.ts';
import { withFormerStore } from './blobs/with-former-store.ts';
import { WRITTEN_WITHIN_MS } from './blobs/written-within.ts';
import { createByteBudget } from './mail/byte-budget.ts';
import type { Config } from './config.ts';
import { createArrivals } from './couch/arrivals.ts';
import { createCouchBlobStore } from './couch/couch-blob-store.ts';
import { createBulkWriter } from './couch/bulk-writer.ts';
import { createCanary } from './couch/canary.ts';
import { createChangesFeeds } from './couch/changes-feeds.ts';
import { createClockKeeper } from './couch/clock-keeper.ts';
import { createCompleteness } from './couch/completeness.ts';
import { createCouchCondition } from './couch/condition.ts';
import { createDatabaseKeeper } from './couch/database-keeper.ts';
import { createEnvelopes } from './couch/envelopes.ts';
import { createHalfUploads } from './couch/half-uploads.ts';
import { createLedger } from './couch/ledger.ts';
import { createLookedThrough } from './couch/looked-through.ts';
import { createCouchMailboxStore } from './couch/couch-mailbox-store.ts';
import { createMeshKeeper, type Holders } from './couch/mesh-keeper.ts';
import { createPassage } from './couch/passage.ts';
import { createUserKeeper } from './couch/user-keeper.ts';
import { createDatabases, type Databases } from './mesh/databases.ts';
import { createPace } from './mesh/pace.ts';
import { createRefusedWrites } from './mesh/refused-writes.ts';
import { createEnvelopeIntake } from './mail/envelope-intake.ts';
import { DOCUMENT_FAULTS } from './couch/envelope-row.ts';
import { createHealth } from './routes/health.ts';
import { createLiveEvents } from './mail/live-events.ts';
import { createMailboxQuota } from './mail/mailbox-quota.ts';
import { createSenderShares } from './mail/sender-shares.ts';
import { createMetrics, type Metrics } from './routes/metrics.ts';
import { createRateLimit } from './routes/rate-limit.ts';
import { createReplicationLag } from './mesh/replication-lag.ts';
import { createStoreRoom } from './couch/store-room.ts';
import { createS3BlobStore } from './s3/s3-blob-store.ts';
import { createS3Condition } from './s3/s3-condition.ts';
import { createS3HalfUploads, PUT_WITHIN_MS } from './s3/s3-half-uploads.ts';

export type MailboxNode = AsyncDisposable & { readonly url: string };

const COUCH_TIMEOUT_MS = 10_000;
const SPARE_CONNECTIONS = 64;
/** Of buckets of a time to come that are read, the next ones. Each that there is costs every reading of a mailbox another one. */
const MAX_AHEAD = 8;
/** Peers are asked for them in one round of maintenance of so many: one request for each day and peer, and hardly ever anything. */
const ROUNDS_BETWEEN_LOOKS = 6;
const PING_INTERVAL_MS = 500;
/** Peers are asked for the time so often. */
const ASK_TIME_MS = 5_000;
const ASK_PATIENCE_MS = 2_000;
const MAINTENANCE_CHECK_MS = 500;
/** Between two rounds of maintenance while databases that were lost are being filled, or a pull does not run. */
const MENDING_INTERVAL_MS = 2_000;
const OBJECT_STORE_LOOK_MS = 10_000;
const MAX_BACKOFF_MS = 5_000;
const QUEUE_BYTES = 32 * 1024 * 1024;
/** Of parts of blobs, beside what waits of messages. */
const PART_BYTES = 64 * 1024 * 1024;
const CLOSE_DEADLINE_MS = 10_000;

/**
 * Starts a mailbox node. It listens at once and is ready as soon as its CouchDB is; disposal finishes what was
 * accepted.
 */
export const startMailboxNode = async (
  config: Config,
  {
    now: machine = Date.now,
    monotonic,
    log = createLog('mailbox-node', config.logLevel).child({ node: config.name }),
    versions = VERSIONS,
  }: {
    readonly now?: () => number;
    /** A clock that nobody sets, in milliseconds. */
    readonly monotonic?: () => number;
    readonly log?: Logger;
    readonly versions?: Versions;
  } = {},
): Promise<MailboxNode> => {
  const { couch, messageTtlMs: ttlMs } = config;
  const address = parseCouchUrl(couch.url);
  const peers = couch.mesh?.peers.map(({ name }) => name) ?? [];
  const time = createAgreedTime({
    ...{ nodes: peers.length + 1, isNode: true, machine },
    ...(monotonic && { monotonic }),
  });
  const { now } = time;
  const tokens = createOwnerTokens(createTokenVerifier(config.tokenPublicKey, now));
  const databases = createDatabases(couch.databasePrefix, config.bucketSpanDays, ttlMs);
  const blobDatabases = createDatabases(couch.databasePrefix, config.bucketSpanDays, ttlMs, 'blobs');
  const server = connectCouch(couch.url, COUCH_TIMEOUT_MS);
  const admin = connectCouch(couch.adminUrl, COUCH_TIMEOUT_MS);
  const condition = createCouchCondition(log, 'COUCHDB_URL');
  const adminCondition = createCouchCondition(log, 'COUCHDB_ADMIN_URL');

  const clock = createConfirmedClock(time.earliest, monotonic);
  const clockKeeper = createClockKeeper({ log, admin, node: databases.node, clock, time });
  const machineClock = () => clockHealth(clock, time);
  /** Buckets of a time to come, by where they are carried from: the peers that have something in them, and may be none. */
  let carried: Holders = new Map();
  /** Those that have something in them here. */
  let ahead: readonly string[] = [];
  const isBucket = (database: string): boolean =>
    databases.isBucket(database) || blobDatabases.isBucket(database);
  /** Those of all times while the clock is not believed. */
  const live = ({ liveAt }: Databases): string[] =>
    [clock.confirmed() ?? now(), Math.max(clock.latest(), now())].flatMap((at) => liveAt(at));
  /** The buckets of mail that are to be there, with what is carried from a time to come. */
  const wanted = (): string[] => [...new Set([...live(databases), ...carried.keys()])].sort();
  /** The same of blobs. Nothing of them is carried from a time to come: masters mint their ids. */
  const wantedOfBlobs = (): string[] => [...new Set(live(blobDatabases))].sort();

  const owner = createUserKeeper({ log, admin, user: address, timeoutMs: COUCH_TIMEOUT_MS });
  const mesh = createMeshKeeper({ log, admin, mesh: couch.mesh });
  const completeness = createCompleteness({ server: admin, node: databases.node, peers });
  /** A clock that is behind does not know of the newest buckets. */
  const isComplete = (): boolean => !clock.isBehind() && completeness.holds(databases.readableAt(now()));
  /** Nothing that is kept of a database outlives it. */
  const forgetKept = async (database: string): Promise<void> => {
    completeness.forget(database);
    ledger.forget(database);
    await completeness.remove(database);
    await ledger.remove(database);
    await halfUploads.remove(database);
    await removeKept(admin, { node: databases.node, database }, CONFLICT_SCAN);
  };
  const keeper = createDatabaseKeeper({
    log,
    admin,
    owner: address.username,
    databases: { ...databases, isBucket },
    wanted: () => [...wanted(), ...wantedOfBlobs()],
    isAhead: (database) => clockKeeper.isKept() && databases.isAhead(database, clock.latest()),
    beforeCreate: async (database) => {
      completeness.forget(database);
      await mesh.remove(database);
    },
    onCreated: forgetKept,
    onBornEmpty: completeness.bornEmpty,
  });
  const refusedWrites = createRefusedWrites(peers);
  const passage = createPassage(address);
  /** Each peer listens to each bucket, and takes a connection with it. */
  const listeners =
    peers.length *
    [databases, blobDatabases].flatMap((of) => [...of.liveAt(now()), ...of.aheadAt(now())]).length;
  const readers = {
    passage: createPassage(address),
    feeds: createPassage(address, listeners + SPARE_CONNECTIONS),
  };
  const lag = createReplicationLag({ peers, intervalMs: config.canaryIntervalMs, now });
  const room = createStoreRoom(log);
  const setAside = createSetAside(log, DOCUMENT_FAULTS);
  const budget = createByteBudget(QUEUE_BYTES);
  const registry = createRegistry('mailbox-node');
  const metrics: Metrics = createMetrics(registry, {
    queuedBytes: budget.usedBytes,
    sharedIds: () => shares.size(),
    listeners: () => events.listeners(),
    isUp: () => condition.state() === 'up',
    isComplete,
    isFull: room.isFull,
    clock: machineClock,
    lagSeconds: lag.seconds,
    jobs: mesh.jobs,
    refusedWrites: refusedWrites.counts,
    isFollowing: () => feeds.isComplete(),
    sizes: keeper.sizes,
    setAside: setAside.counts,
  });
  const events = createLiveEvents({ maxListeners: config.maxListeners, now, onEnd: metrics.endStream });
  const writer = createBulkWriter({
    log,
    server,
    budget,
    room,
    createBucket: keeper.createBucket,
    batches: { ...metrics.batches, stored: (database, ids) => ledger.written(database, ids) },
  });
  const envelopes = createEnvelopes({ log, server, writer, setAside, isOfTime: databases.isOfTime });
  const store = createCouchMailboxStore({
    server,
    writer,
    envelopes,
    databases,
    ttlMs,
    now,
    latest: clock.latest,
    ahead: () => ahead,
    onMissing: completeness.forget,
  });
  const partBudget = createByteBudget(PART_BYTES);
  const partWriter = createBulkWriter({
    ...{ log, server, room, createBucket: keeper.createBucket, batches: metrics.batches },
    budget: partBudget,
  });
  const partCopies = createPartCopies(
    // All nodes have the same object store.
    config.objectStore ? [] : (couch.mesh?.peers ?? []).map(({ url }) => new URL(url).origin),
  );
  const couchBlobs = createCouchBlobStore({
    ...{ server, writer: partWriter, databases: blobDatabases, setAside, ttlMs, now },
  });
  const objects = config.objectStore && createObjectStore(config.objectStore);
  const s3 = objects && {
    store: createS3BlobStore({ objects, ttlMs, now }),
    condition: createS3Condition(log, objects, {
      endpoint: config.objectStore.endpoint,
      bucket: config.objectStore.bucket,
    }),
    halfUploads: createS3HalfUploads({
      ...{ log, objects, surely: () => surelyAfter(PUT_WITHIN_MS) },
      isElsewhere: async (blob) => (await couchBlobs.parts(blob)).length > 0,
      onRemoved: (parts) => metrics.halfUploadParts.inc(parts),
      lookedThrough: createLookedThrough(admin, databases.node, config.objectStore),
    }),
  };
  /** A clock that is wrong alone is found out by the others; where these are too few, it is by the days that are believed. */
  const surelyAfter = (spanMs: number): number =>
    time.isAgreed() ? clock.surelyAfter(spanMs) : clock.surely();
  const halfUploads = createHalfUploads({
    ...{ log, server, node: databases.node, writer: partWriter, databases: blobDatabases },
    presentAtPeers: mesh.present,
    surely: () => surelyAfter(WRITTEN_WITHIN_MS),
    latest: clock.latest,
    onRemoved: (parts) => metrics.halfUploadParts.inc(parts),
  });
  const quota = createMailboxQuota({
    maxMessages: config.mailboxMaxMessages,
    countWaiting: store.waiting,
    now,
  });
  const shares = createSenderShares({
    perSender: config.mailboxSenderMessages,
    strangers: config.mailboxStrangersMessages,
    stillWaiting: store.waitingOf,
    now,
  });
  const ledger = createLedger({ server, node: databases.node, ttlMs, timeOf: databases.timeOf, now });
  const feeds = createChangesFeeds({
    log,
    address,
    onChanges: createArrivals({
      server,
      envelopes,
      setAside,
      now,
      isOfTime: databases.isOfTime,
      endEarly: store.endEarly,
      isHeard: events.isHeard,
      onEnvelope: (mailbox, envelope) => {
        metrics.events.inc();
        events.deliver(mailbox, envelope);
      },
      isPeer: (node) => peers.includes(node),
      onCanary: (peer, writtenAtMs, confirmedMs) => {
        lag.arrived(peer, writtenAtMs);
        if (confirmedMs !== null) clock.hear(confirmedMs);
      },
    }),
  });

  let isDraining = false;
  const closing = new AbortController();
  const health = createHealth({
    node: config.name,
    now: machine,
    clock: machineClock,
    condition,
    adminCondition,
    objectStore: s3 && s3.condition,
    sizes: keeper.sizes,
    jobs: mesh.jobs,
    refusedWrites: refusedWrites.counts,
    lagSeconds: lag.seconds,
    isComplete,
    caughtUpWith: () => completeness.caughtUpWith(databases.readableAt(now())),
    isFull: room.isFull,
    setAside,
    listeners: events.listeners,
    queuedBytes: budget.usedBytes,
    isDraining: () => isDraining,
  });
  const app = createApp({
    log,
    registry,
    versions,
    serverOrigins: config.serverOrigins,
    metrics,
    tokens,
    rateLimit: createRateLimit(config.requestsPerMinute),
    deletionRate: createRateLimit(config.deletionsPerMinute),
    store,
    quota,
    shares,
    events,
    takeIn: createEnvelopeIntake({ store, quota, shares, ttlMs, now }),
    isFollowing: feeds.isComplete,
    isComplete,
    isFull: room.isFull,
    isReady: () => condition.state() === 'up' && !room.isFull() && !isDraining,
    isDraining: () => isDraining,
    believedTime: () => (machineClock().isDoubted ? null : machine()),
    health,
    blobs: {
      store: s3 ? withFormerStore(s3.store, couchBlobs) : couchBlobs,
      places: s3 && s3.store,
      copies: partCopies,
      budget: partBudget,
      rateLimit: createRateLimit(config.partsPerMinute),
    },
    meshGate: couch.mesh && {
      reader: parseCouchUrl(couch.mesh.readerUrl),
      writer: parseCouchUrl(couch.mesh.selfUrl),
      server,
      readers,
      passage,
      room,
      isBucket,
      refusedWrites,
      patienceMs: couch.mesh.patienceMs,
      blobPace: couch.mesh.blobBytesPerSecond === null ? null : createPace(couch.mesh.blobBytesPerSecond),
      closing: closing.signal,
    },
  });
  const http = await listen(app, config);
  log.info({ event: 'listening', url: http.url }, 'listening');

  /** Takes away what points to buckets whose time is over, and drops them when it surely is. */
  const sweep = async (existing: readonly string[], buckets: readonly string[]): Promise<void> => {
    for (const database of existing) {
      if (buckets.includes(database)) continue;
      await mesh.remove(database);
      ledger.forget(database);
      setAside.forget(database);
      metrics.forgetLedger(database);
      const { isExpired } = blobDatabases.isBucket(database) ? blobDatabases : databases;
      if (!isExpired(database, clock.surely())) continue;
      await forgetKept(database);
      await keeper.drop(database);
    }
  };

  /** Where blobs are pulled from: each peer that has had some. Where there are none nothing is asked for. */
  const blobHolders = new Map<string, string[]>();
  const lookForBlobs = async (): Promise<void> => {
    const wantedNow = wantedOfBlobs();
    const found = await mesh.holders(wantedNow);
    for (const database of blobHolders.keys())
      if (!wantedNow.includes(database)) blobHolders.delete(database);
    for (const database of wantedNow) {
      const known = [...(blobHolders.get(database) ?? []), ...(found.get(database) ?? [])];
      blobHolders.set(database, [...new Set(known)].sort());
    }
  };

  let holders: Holders = new Map();
  let holdersAskedAtMs = -Infinity;
  /** What lies in buckets of a time to come, here and at the peers: a clock was ahead when it was written. */
  const lookAhead = async (existing: readonly string[]): Promise<void> => {
    const last = databases.readableAt(now()).at(-1) ?? '';
    const later = existing.filter((database) => database > last).sort();
    ahead = await keeper.filled(later.slice(0, MAX_AHEAD));
    const candidates = databases.aheadAt(clock.latest());
    if (performance.now() - holdersAskedAtMs >= ROUNDS_BETWEEN_LOOKS * config.maintenanceIntervalMs) {
      holders = await mesh.holders(candidates);
      await lookForBlobs();
      holdersAskedAtMs = performance.now();
    }
    carried = new Map(
      candidates
        .map((database) => [database, holders.get(database) ?? []] as const)
        .filter(([database, having]) => having.length > 0 || ahead.includes(database)),
    );
  };

  let maintainedAtMs = -Infinity;
  let rounds = 0;
  const maintain = async (): Promise<void> => {
    const { maintenanceIntervalMs: usualMs } = config;
    const intervalMs = isComplete() && mesh.isWhole() ? usualMs : Math.min(usualMs, MENDING_INTERVAL_MS);
    if (condition.state() === 'up' && performance.now() - maintainedAtMs < intervalMs) return;
    maintainedAtMs = -Infinity;
    try {
      await owner.keep();
      const existing = await keeper.buckets();
      const ofMail = existing.filter(databases.isBucket);
      await clockKeeper.load(ofMail);
      await lookAhead(ofMail);
      const [buckets, ofBlobs] = [wanted(), wantedOfBlobs()];
      await sweep(existing, [...buckets, ...ofBlobs]);
      // A node is ready when it has a bucket of mail: those of blobs are there by then.
      await keeper.keep([...ofBlobs, ...buckets]);
      await clockKeeper.save();
      // Masters alone carry it: what an earlier version, or somebody else, has set up for it goes (law 12).
      await mesh.remove(databases.directory);
      await mesh.keep([...buckets, ...ofBlobs], new Map([...carried, ...blobHolders]));
      const wasComplete = isComplete();
      await completeness.keep(buckets, mesh.jobs());
      if (isComplete() && !wasComplete) log.info({ event: 'caught-up' }, 'caught up with every peer');
    } catch (error) {
      mesh.loseSight();
      adminCondition.failed(error);
      throw error;
    } finally {
      rounds += 1;
      await feeds.follow(wanted());
    }
    adminCondition.passed();
    maintainedAtMs = performance.now();
  };

  /**
   * A CouchDB that is new answers, and refuses: its user and databases are made by maintenance first. Only what a whole
   * round has not mended is an error. A refusal is asked about less and less often.
   */
  let refusedAtRound: number | null = null;
  const ping = async (): Promise<void> => {
    const before = condition.state();
    try {
      await store.ping();
    } catch (error) {
      completeness.forget();
      refusedAtRound = error instanceof CouchError ? (refusedAtRound ?? rounds) : null;
      if (refusedAtRound !== null && before !== 'up' && rounds < refusedAtRound + 2) {
        maintenance.wake();
        return;
      }
      condition.failed(error);
      if (condition.state() === 'refused') throw error;
      return;
    }
    refusedAtRound = null;
    condition.passed();
    if (before === 'up') return;
    log.info({ event: 'ready', url: http.url }, 'ready');
    maintenance.wake();
  };

  const whenUp =
    (task: (signal: AbortSignal) => Promise<void>) =>
    async (signal: AbortSignal): Promise<void> => {
      if (condition.state() === 'up') await task(signal);
    };

  const countLedger = async (signal: AbortSignal): Promise<void> => {
    for (const database of wanted()) {
      const counts = await ledger.count(database, signal);
      if (wanted().includes(database)) metrics.setLedger(database, counts);
    }
  };

  const sweepHalfUploads = async (signal: AbortSignal): Promise<void> => {
    // The rest of what was begun before may lie there: nothing of it goes before all does.
    if (s3) return s3.halfUploads.sweep(signal);
    const failures: unknown[] = [];
    for (const { name, documents } of keeper.sizes()) {
      if (documents === 0 || !blobDatabases.isBucket(name)) continue;
      // What stands in the way in one bucket holds up no other.
      await halfUploads.sweep(name, signal).catch((error: unknown) => failures.push(error));
      signal.throwIfAborted();
    }
    if (failures.length > 0) throw failures[0];
  };

  /** Each peer has one voice, its own: canaries come by way of others, too. */
  const askPeers = async (signal: AbortSignal): Promise<void> => {
    await Promise.all(
      (couch.mesh?.peers ?? []).map(async ({ name, url }) => {
        const patience = AbortSignal.timeout(ASK_PATIENCE_MS);
        const answer = await askReady(new URL(url).origin, { signal: AbortSignal.any([signal, patience]) });
        if (answer !== null) time.hear(name, answer.timeMs);
      }),
    );
  };

  const { canaryIntervalMs, ledgerIntervalMs, maintenanceIntervalMs } = config;
  const writeCanary = createCanary({
    server,
    room,
    node: config.name,
    bucket: () => databases.currentAt(clock.latest()),
    now: machine,
    confirmed: clock.confirmed,
  });
  const watchedCanary = (): Promise<void> =>
    writeCanary().catch((error: unknown) => {
      metrics.batches.failed();
      throw error;
    });
  const loop = (name: string, intervalMs: number, task: (signal: AbortSignal) => Promise<void>) =>
    startLoop(name, log, { intervalMs, maxBackoffMs: MAX_BACKOFF_MS }, task);
  const maintenance = loop('maintenance', Math.min(MAINTENANCE_CHECK_MS, maintenanceIntervalMs), maintain);
  const loops = [
    maintenance,
    loop('ping', PING_INTERVAL_MS, ping),
    loop('canary', canaryIntervalMs, whenUp(watchedCanary)),
    loop('peer-times', Math.min(ASK_TIME_MS, maintenanceIntervalMs), askPeers),
    loop('ledger', ledgerIntervalMs, whenUp(countLedger)),
    ...(s3 ? [loop('object-store', OBJECT_STORE_LOOK_MS, s3.condition.look)] : []),
    loop('half-uploads', ROUNDS_BETWEEN_LOOKS * maintenanceIntervalMs, whenUp(sweepHalfUploads)),
  ];

  return {
    url: http.url,
    [Symbol.asyncDispose]: async () => {
      isDraining = true;
      events[Symbol.dispose]();
      closing.abort();
      await Promise.all([passage, readers.passage, readers.feeds].map((part) => part[Symbol.asyncDispose]()));
      await http.close(CLOSE_DEADLINE_MS);
      await Promise.all([writer.idle(), partWriter.idle()]);
      await partCopies[Symbol.asyncDispose]();
      await Promise.all(loops.map((running) => running[Symbol.asyncDispose]()));
      await feeds[Symbol.asyncDispose]();
      await objects?.[Symbol.asyncDispose]();
      await Promise.all([mesh, owner, server, admin].map((part) => part[Symbol.asyncDispose]()));
      log.info({ event: 'stopped' }, 'stopped');
    },
  };
};
