import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  busAddresses,
  directoryAddresses,
  nodeAddresses,
  nodeSurroundings,
  atServers,
  type Couch,
  type Route,
} from './addresses.ts';
import { createBusServer } from './bus-server.ts';
import { createClusterProcess, type ClusterProcess, type Exit } from './cluster-process.ts';
import { lockData } from './data-lock.ts';
import { holdPorts } from './held-ports.ts';
import {
  couchEnvironment,
  frontEnvironment,
  mailboxNodeEnvironment,
  masterEnvironment,
  SCRIPTS,
  withCredentials,
  type Environment,
} from './roles.ts';
import { noteRunningCluster } from './running-cluster.ts';
import { ensureSecrets, newPassword } from './secrets.ts';

/** Ports by role. A missing one is any free port. */
export type ClusterPorts = {
  readonly front?: number;
  readonly masters?: readonly number[];
  readonly mailboxNodes?: readonly number[];
  readonly couches?: readonly number[];
  readonly bus?: number;
};

export type ClusterEvent =
  | { readonly type: 'starting' | 'ready'; readonly process: ClusterProcess }
  | {
      readonly type: 'exited';
      readonly process: ClusterProcess;
      readonly exit: Exit;
      /** Whether it was asked to, by `kill`, `restart` or disposal. An end during its start only fails the start. */
      readonly expected: boolean;
    };

export type ClusterOptions = {
  /** Data, logs and secrets. Made when it is not there; one cluster at a time. */
  readonly dataDir: string;
  /** Three CouchDB servers, with admin credentials, instead of embedded ones. */
  readonly couchUrls?: readonly string[];
  /** Prefix of all database names, so that several clusters can share the servers. */
  readonly databasePrefix?: string;
  readonly ports?: ClusterPorts;
  /** How many masters. More than one have a bus between them, for which the machine needs a `nats-server`. */
  readonly masters?: number;
  /**
   * How many servers with an origin of their own: each has a front and a master, and mailbox nodes are found at the first, the second and so
   * on, by whole addresses. 1: there is one front for all masters.
   */
  readonly servers?: number;
  /**
   * Where clients find the mailbox nodes: `front` gives paths on the origin of the front, `direct` the nodes' own
   * addresses, for clients that talk to a master without the front.
   */
  readonly mailboxAddresses?: 'front' | 'direct';
  /** More environment variables, by role. */
  readonly settings?: {
    readonly couch?: Environment;
    readonly mailboxNode?: Environment;
    readonly master?: Environment;
    readonly front?: Environment;
  };
  /**
   * For tests that put something between two parts. Asked, at the start alone, with the names of the processes; `client`
   * is whoever finds a mailbox node directly.
   */
  readonly route?: Route;
  /** For tests that start a part in another way: what it is to be started with, by its name. Asked at each start. */
  readonly adapt?: (name: string, environment: Environment) => Environment;
  readonly onEvent?: (event: ClusterEvent) => void;
  /** Gives up the start. Has no meaning afterwards. */
  readonly signal?: AbortSignal;
};

export type Cluster = AsyncDisposable & {
  readonly dataDir: string;
  /** The embedded servers; empty when `couchUrls` were given. */
  readonly couches: readonly ClusterProcess[];
  readonly mailboxNodes: readonly ClusterProcess[];
  readonly masters: readonly ClusterProcess[];
  /** NATS servers between the masters; none when there is one master. */
  readonly buses: readonly ClusterProcess[];
  readonly front: ClusterProcess;
  /** Of each server; the first is `front`. */
  readonly fronts: readonly ClusterProcess[];
  /** All processes in the order of their start. */
  readonly processes: readonly ClusterProcess[];
  /** The CouchDB of each mailbox node, and the node for the mesh, with credentials. */
  readonly couchServers: readonly Couch[];
  readonly databasePrefix: string;
};

const NODES = [0, 1, 2] as const;

/**
 * Starts a whole cluster as child processes: CouchDB servers, mailbox nodes, bus, masters, front. Resolves when all are
 * ready. Disposal stops them in the opposite order; they end with this process however it ends.
 *
 * @throws NoBusServerError when there are several masters and no NATS server
 * @throws DataInUseError when another cluster has the data folder
 * @throws ProcessStartError when a part does not become ready; what had started is stopped
 */
export const startCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const dataDir = resolve(options.dataDir);
  const { databasePrefix = '', servers = 1, ports = {}, settings = {} } = options;
  const masterCount = servers > 1 ? servers : (options.masters ?? 1);
  const cleanup = new AsyncDisposableStack();
  try {
    cleanup.use(await lockData(dataDir));
    const logDir = join(dataDir, 'logs');
    rmSync(logDir, { recursive: true, force: true });
    mkdirSync(logDir, { recursive: true });
    const secrets = ensureSecrets(dataDir);
    const adapt: NonNullable<ClusterOptions['adapt']> =
      options.adapt ?? ((_name, environment) => environment);

    const create = (
      name: string,
      script: string,
      port: number | undefined,
      readyPath: string,
      environment: (port: number) => Environment,
    ): ClusterProcess => {
      const process: ClusterProcess = createClusterProcess({
        name,
        script,
        port: port ?? 0,
        environment: (own) => adapt(name, environment(own)),
        readyPath,
        logFile: join(logDir, `${name}.log`),
        onExit: (exit, expected) => options.onEvent?.({ type: 'exited', process, exit, expected }),
      });
      return process;
    };

    const createBus = (port = 0): ClusterProcess => {
      const process: ClusterProcess = createBusServer({
        name: 'bus',
        port,
        folder: join(dataDir, 'bus'),
        credentials: busCredentials,
        logFile: join(logDir, 'bus.log'),
        onExit: (exit, expected) => options.onEvent?.({ type: 'exited', process, exit, expected }),
      });
      return process;
    };
    const busCredentials = { user: 'master', password: newPassword() };
    // Before anything starts: where there is none, nothing has to be stopped again.
    const buses = masterCount > 1 ? [createBus(ports.bus)] : [];

    /** All of one role at once. Stopped together too, before what was started earlier. */
    const start = async (processes: readonly ClusterProcess[]): Promise<void> => {
      options.signal?.throwIfAborted();
      const stop = async (): Promise<void> => {
        await Promise.all(processes.map((process) => process.kill()));
      };
      const giveUp = (): void => void stop();
      cleanup.defer(stop);
      options.signal?.addEventListener('abort', giveUp);
      const starts = processes.map(async (process) => {
        options.onEvent?.({ type: 'starting', process });
        await process.start();
        options.onEvent?.({ type: 'ready', process });
      });
      try {
        await Promise.all(starts);
      } catch (error) {
        // One that has failed fails all: nobody waits for the others.
        await stop();
        await Promise.allSettled(starts);
        throw error;
      } finally {
        options.signal?.removeEventListener('abort', giveUp);
      }
    };

    const { couchUrls } = options;
    if (couchUrls !== undefined && couchUrls.length !== NODES.length) {
      throw new RangeError(`a cluster has ${NODES.length} CouchDB servers, ${couchUrls.length} were given`);
    }
    const nodeName = (index: number): string => `node${index + 1}`;
    const couches =
      couchUrls === undefined
        ? secrets.nodes.map(({ admin }, index) =>
            create(`couch${index + 1}`, SCRIPTS.couch, ports.couches?.[index], '/_up', (port) => ({
              ...couchEnvironment(port, join(dataDir, `couch${index + 1}`), admin),
              ...settings.couch,
            })),
          )
        : [];
    await start(couches);
    const held = cleanup.use(await holdPorts(NODES.length));
    const nodePorts = held.ports.map((port, index) => ports.mailboxNodes?.[index] ?? port);
    const couchServers = secrets.nodes.map(({ admin, data, mesh, reader }, index): Couch => {
      const adminUrl = couchUrls?.[index] ?? withCredentials(couches[index]?.url ?? '', admin);
      // On shared servers each cluster has a user of its own, as it has databases of its own.
      const user = couchUrls === undefined ? data.user : databasePrefix + data.user;
      const nodeUrl = `http://127.0.0.1:${nodePorts[index]}`;
      return {
        name: nodeName(index),
        adminUrl,
        dataUrl: withCredentials(adminUrl, { ...data, user }),
        meshUrl: withCredentials(nodeUrl, mesh),
        readerUrl: withCredentials(nodeUrl, reader),
      };
    });

    const heldFronts = cleanup.use(await holdPorts(servers > 1 ? servers : 0));
    const origins = heldFronts.ports.map((port) => `http://127.0.0.1:${port}`);
    const cell = { SERVER_ORIGINS: origins.join(',') };

    const { mailboxAddresses = 'front' } = options;
    const route: Route = options.route ?? (({ url }) => url);
    const mailboxNodes = await Promise.all(
      couchServers.map(async (couch, index) => {
        const surroundings = await nodeSurroundings(route, couch, couchServers);
        return create(couch.name, SCRIPTS.mailboxNode, nodePorts[index], '/ready', (port) => ({
          ...mailboxNodeEnvironment(port, surroundings, databasePrefix, secrets),
          ...cell,
          ...settings.mailboxNode,
        }));
      }),
    );
    await held[Symbol.asyncDispose]();
    await start(mailboxNodes);

    await start(buses);
    const busUrls = buses.map(({ name, url }) => ({ name, url: withCredentials(url, busCredentials) }));

    const masters = await Promise.all(
      Array.from({ length: masterCount }, async (_, index) => {
        const name = `master${index + 1}`;
        const directoryUrls = await directoryAddresses(route, name, couchServers);
        const nodes = atServers(origins, await nodeAddresses(route, name, mailboxNodes, mailboxAddresses));
        const nearest = index % Math.max(busUrls.length, 1);
        const nearestFirst = [...busUrls.slice(nearest), ...busUrls.slice(0, nearest)];
        const between = { count: masterCount, busUrls: await busAddresses(route, name, nearestFirst) };
        return create(name, SCRIPTS.master, ports.masters?.[index], '/ready', (port) => ({
          ...masterEnvironment(port, directoryUrls, nodes, between, databasePrefix, secrets),
          ...cell,
          ...settings.master,
        }));
      }),
    );
    await start(masters);

    await heldFronts[Symbol.asyncDispose]();
    const createFront = (name: string, port: number | undefined, own: typeof masters): ClusterProcess =>
      create(name, SCRIPTS.front, port, '/ready', (taken) => ({
        ...frontEnvironment(taken, own, mailboxNodes),
        ...cell,
        ...settings.front,
      }));
    const front =
      servers > 1
        ? createFront('front1', heldFronts.ports[0], masters.slice(0, 1))
        : createFront('front', ports.front, masters);
    const fronts = [
      front,
      ...masters
        .slice(1, servers)
        .map((master, index) => createFront(`front${index + 2}`, heldFronts.ports[index + 1], [master])),
    ];
    await start(fronts);

    cleanup.use(
      noteRunningCluster(dataDir, {
        frontUrl: front.url,
        masterUrls: masters.map(({ url }) => url),
        mailboxNodes: mailboxNodes.map(({ name, url }) => ({ name, url })),
        couches: couchServers,
        databasePrefix,
      }),
    );
    return {
      dataDir,
      couches,
      mailboxNodes,
      masters,
      buses,
      front,
      fronts,
      processes: [...couches, ...mailboxNodes, ...buses, ...masters, ...fronts],
      couchServers,
      databasePrefix,
      [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
};
