import { LIMITS, VERSIONS, type Versions } from '@restante/protocol';
import {
  clockHealth,
  createAgreedTime,
  createConfirmedClock,
  createLog,
  createSetAside,
  createTokenSigner,
  createTokenVerifier,
  ConfigError,
  listen,
  countAnswers,
  type Logger,
} from '@restante/service-kit';
import { createAccess } from './accounts/access.ts';
import { createDeviceGrants } from './accounts/device-grants.ts';
import { createIssueSession } from './accounts/issue-session.ts';
import { createIssueTicket } from './accounts/issue-ticket.ts';
import { createPasswords } from './accounts/password.ts';
import { createRegistration } from './accounts/registration.ts';
import { createRegistrationWork } from './accounts/registration-work.ts';
import { createSignIn } from './accounts/sign-in.ts';
import { createAdmit, createAuthenticate } from './authenticate.ts';
import type { Config } from './config.ts';
import { followCurrent } from './directory/couch-changes.ts';
import { followConfirmedTime } from './directory/couch-clock.ts';
import { createDirectoryReader } from './directory/couch-directory-reader.ts';
import { createCouchDirectory } from './directory/couch-directory.ts';
import { connectCouchServers } from './directory/couch-servers.ts';
import { createDeviceSets } from './directory/device-sets.ts';
import { DIRECTORY_FAULTS } from './directory/directory-faults.ts';
import { startDirectoryKeeping } from './directory/directory-keeping.ts';
import { createDirectorySignatures } from './directory/directory-signatures.ts';
import { parseDirectoryId } from './directory/directory-documents.ts';
import { createDeviceChanges } from './gateway/device-changes.ts';
import { startGateway } from './gateway/gateway.ts';
import { createMissedEvents } from './gateway/missed-events.ts';
import { createSessions } from './gateway/sessions.ts';
import { createApp } from './http/app.ts';
import type { Bus } from './live/bus.ts';
import { createHandle } from './live/handle.ts';
import { createKeyStockWatch } from './live/key-stock-watch.ts';
import { createLocalBus } from './live/local-bus.ts';
import { startNatsBus } from './live/nats-bus.ts';
import { createPresence } from './live/presence.ts';
import { createPushWindows } from './live/push-windows.ts';
import { createRendezvouses } from './live/rendezvous.ts';
import { cellsOf, type Cell } from './mailboxes/cell.ts';
import { startDeleteOnBehalf } from './mailboxes/delete-on-behalf.ts';
import { createFanOut } from './mailboxes/fan-out.ts';
import { connectMailboxNode } from './mailboxes/mailbox-node.ts';
import { createStoreToken } from './mailboxes/store-token.ts';
import { createStoreWriter } from './mailboxes/store-writer.ts';
import { createMetrics } from './metrics.ts';
import { createRateLimits } from './rate-limits.ts';

export type MasterNode = AsyncDisposable & {
  /** `http://host:port` of REST and WebSocket. */
  readonly url: string;
};

type Overrides = {
  readonly now?: () => number;
  /** Of this master alone, which disposes of it. */
  readonly bus?: Bus;
  readonly log?: Logger;
  readonly versions?: Versions;
};

const REQUEST_DEADLINE_MS = 5000;
/**
 * What a removed device's number rests beyond the lifetime of its last token: the node takes the token that much longer, and
 * the master that signed it, the node, and the one that gives the number away may each be apart from who removed the device.
 */
const CLOCKS_APART_MS = 3 * LIMITS.clockSkewMs;

/** Starts a master. Neither CouchDB nor mailbox nodes need to be there yet. @throws ConfigError */
export const startMasterNode = async (config: Config, overrides: Overrides = {}): Promise<MasterNode> => {
  const machine = overrides.now ?? Date.now;
  const time = createAgreedTime({
    nodes: config.mailboxes.cells.reduce((count, { nodes }) => count + nodes.length, 0),
    ...{ isNode: false, machine },
  });
  const { now } = time;
  const log = overrides.log ?? createLog('master-node', config.logLevel);
  const versions = overrides.versions ?? VERSIONS;
  const signer = createTokenSigner(config.tokens.privateKey, now);
  const verifier = createTokenVerifier(config.tokens.publicKey, now);
  const signatures = createDirectorySignatures(config.directory);
  const [firstCell, ...otherCells] = config.mailboxes.cells;
  if (!firstCell) throw new ConfigError('MAILBOX_NODES names no node');
  const { joining } = config.mailboxes;
  const configured = { cells: [firstCell, ...otherCells] as const, joining };
  const metrics = createMetrics(configured.cells.flatMap(({ nodes }) => nodes.map(({ name }) => name)));

  const bus =
    overrides.bus ?? (config.bus ? await startNatsBus(config.bus, { log, metrics }) : createLocalBus()());
  if (bus.state().kind === 'in-process') metrics.busUp.set(1);

  const servers = connectCouchServers(config.directory.urls, config.directory, config.directory.timeoutMs, {
    log,
    failovers: metrics.failovers,
    signatures,
  });
  metrics.watchDirectory(servers.states);
  const clock = createConfirmedClock(time.earliest);
  metrics.watchClock(() => clockHealth(clock, time));
  const setAside = createSetAside(log, DIRECTORY_FAULTS);
  metrics.watchSetAside(setAside.counts);
  const reader = createDirectoryReader(setAside);
  const directory = createCouchDirectory(servers, {
    now,
    clock,
    numberRestMs: config.tokens.mailboxTtlMs + CLOCKS_APART_MS,
    reader,
  });
  const confirmedTime = followConfirmedTime(servers, clock, time, log);
  const deviceSets = createDeviceSets(directory, metrics.deviceSets, now);

  const storeToken = createStoreToken(signer, now);
  const connectCell = ({ name, nodes }: Cell) => {
    const connected = nodes.map((node) =>
      connectMailboxNode(node, {
        ...{ timeoutMs: config.mailboxes.timeoutMs, versions, log, metrics },
        onTime: (timeMs) => time.hear(node.name, timeMs),
      }),
    );
    const writers = connected.map((node) => createStoreWriter(node, { token: storeToken, log, metrics }));
    return { name, nodes: connected, writers };
  };
  const placement = { cells: [connectCell(firstCell), ...otherCells.map(connectCell)] as const, joining };
  const mailboxNodes = placement.cells.flatMap(({ nodes }) => nodes);

  const sessions = createSessions(bus, metrics.signalsWithheld);
  const presence = createPresence(bus, {
    isHere: (viewer) => sessions.ofAccount(viewer).length > 0,
    tell: sessions.signal,
    take: (device, from) => {
      const session = sessions.ofDevice(device);
      if (session === undefined) return null;
      const before = session.takesFrom;
      session.takesFrom = from;
      return { before, push: (frame) => session.push(frame) };
    },
  });
  sessions.onLastLeft(presence.forget);
  const missedEvents = createMissedEvents(bus, sessions, metrics.busCatchUps);
  const devicesChanged = createDeviceChanges(deviceSets, sessions, log);
  bus.subscribe((event) => {
    if (event.kind === 'devices-changed') devicesChanged(event.accountId);
  });
  const deviceFeed = followCurrent('device-feed', servers, log, {
    onGap: deviceSets.expireAll,
    onRow: ({ id }) => {
      const about = parseDirectoryId(id);
      if (about?.kind === 'device' || about?.kind === 'account') devicesChanged(about.accountId);
    },
  });

  const keeping = startDirectoryKeeping(servers, { log, reader, signatures, setAside, metrics, now });

  const rateLimits = createRateLimits(config.rateLimits, metrics.rateLimited);
  const passwords = createPasswords(config.passwords);
  const keyStockWatch = createKeyStockWatch(directory, bus, { log, metrics });
  const authenticate = createAuthenticate(verifier, deviceSets);
  const admit = createAdmit(verifier, deviceSets, directory, placement);
  const deleteOnBehalf = startDeleteOnBehalf({
    nodes: mailboxNodes,
    nodesOf: (account) => cellsOf(account, placement).flatMap(({ nodes }) => nodes),
    signer,
    metrics,
    log,
    now,
  });
  const access = createAccess(config.tokens.privateKey);
  const pushWindows = createPushWindows(bus);
  const rendezvouses = createRendezvouses(bus, now);
  const handle = createHandle({
    deviceSets,
    store: createFanOut(placement, { ...config.mailboxes, isTimeAgreed: time.isAgreed }),
    deleteOnBehalf: deleteOnBehalf.delete,
    bus,
    show: presence.show,
    pushWindows,
    isLetIn: access.isLetIn,
    rateLimits,
    messageTtlMs: config.mailboxes.messageTtlMs,
    metrics,
    log,
    now,
  });

  let hasReachedDirectory = false;
  const isReady = async (): Promise<boolean> => {
    hasReachedDirectory ||= await directory.ping().then(
      () => true,
      () => false,
    );
    return hasReachedDirectory;
  };
  const app = createApp({
    directory,
    passwords,
    signIn: createSignIn(passwords, rateLimits, metrics.logins),
    issueSession: createIssueSession(signer, config, configured, access, now),
    deviceGrants: createDeviceGrants({ signer, verifier, directory, now }),
    rendezvouses,
    issueTicket: createIssueTicket(signer, configured, now, config.objectStoreOrigin),
    blobContentBytes: config.blobContentBytes,
    authenticate,
    rateLimits,
    registration: createRegistration({
      mode: config.registration.mode,
      work: createRegistrationWork(config.registration.workBits, config.tokens.privateKey, now),
      ...{ rateLimits, directory, passwords, metrics },
    }),
    bus,
    keyStockWatch,
    metrics,
    registry: metrics.registry,
    onAnswer: countAnswers(metrics.registry, 'gateway'),
    health: () => ({
      status: gateway.isDraining() ? 'draining' : bus.state().up ? 'ok' : 'degraded',
      connections: sessions.all().length,
      clock: clockHealth(clock, time),
      directory: servers.states(),
      setAside: { counts: setAside.counts(), examples: setAside.examples() },
      mailboxNodes: placement.cells.flatMap(({ name: cell, nodes }) =>
        nodes.map((node) => ({ name: node.name, cell, up: node.isUp() })),
      ),
      cells: placement.cells.map(({ name, nodes }) => ({
        ...{ name, joining: name === joining },
        hasQuorum: nodes.filter((node) => node.isUp()).length >= config.mailboxes.writeConcern,
      })),
      bus: { ...bus.state(), masters: config.masters },
    }),
    isReady,
    trustProxy: config.trustProxy,
    allowedOrigins: config.allowedOrigins ?? [],
    versions,
    log,
  });
  const http = await listen(app, config);
  const gateway = startGateway({
    server: http.server,
    admit,
    handle,
    sessions,
    presence,
    onConnected: (device, { keysLow }) => {
      if (keysLow) keyStockWatch.remind(device);
    },
    sockets: config.sockets,
    allowedOrigins: config.allowedOrigins,
    messageTtlMs: config.mailboxes.messageTtlMs,
    versions,
    metrics,
    log,
    now,
  });
  log.info({ event: 'ready', url: http.url }, 'the master node takes connections');

  return {
    url: http.url,
    [Symbol.asyncDispose]: async () => {
      log.info({ event: 'stopping' }, 'the master node stops');
      await gateway.drain();
      for (const task of [missedEvents, presence, pushWindows, rendezvouses]) task[Symbol.dispose]();
      await bus[Symbol.asyncDispose]();
      await http.close(REQUEST_DEADLINE_MS);
      await Promise.all(
        [deviceFeed, confirmedTime, deleteOnBehalf, ...keeping].map((task) => task[Symbol.asyncDispose]()),
      );
      await Promise.all(mailboxNodes.map((node) => node[Symbol.asyncDispose]()));
      await servers[Symbol.asyncDispose]();
      log.info({ event: 'stopped' }, 'the master node has stopped');
    },
  };
};
