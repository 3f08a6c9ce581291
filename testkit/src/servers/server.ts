import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  couchEnvironment,
  createBusServer,
  createClusterProcess,
  frontEnvironment,
  mailboxNodeEnvironment,
  masterEnvironment,
  SCRIPTS,
  withCredentials,
  type ClusterProcess,
  type ClusterSecrets,
  type Couch,
  type Environment,
  type Exit,
} from '@restante/scripts/cluster';
import { movableClock, type MovableClock } from '../cluster/clock-shift.ts';
import { TEST_SETTINGS } from '../cluster/test-settings.ts';
import { startDoor, startPeer, type TunnelEnd } from '../tunnel/start-tunnel.ts';
import type { Machine } from './machine-network.ts';

/** One server of a cell: a machine with the processes of docker-compose.prod.yml, and nothing that it shares with others. */
export type Server = {
  readonly number: number;
  /** Where people find it. */
  readonly origin: string;
  /** Its CouchDB, with an admin's credentials. */
  readonly adminUrl: string;
  /** Its CouchDB and its node with all credentials, as this process reaches them. */
  readonly addresses: Couch;
  readonly couch: ClusterProcess;
  readonly mailboxNode: ClusterProcess;
  readonly bus: ClusterProcess;
  readonly master: ClusterProcess;
  /** All that are no door or peer, in the order of their start. None starts while the server is off. */
  readonly processes: readonly ClusterProcess[];
  /** Whether it was started, and not ended since. */
  readonly isOn: () => boolean;
  readonly clock: MovableClock;
  readonly doorOutput: () => string;
  /** Starts the parts that the others need; resolves when they are ready. */
  readonly startData: () => Promise<void>;
  /** Starts the rest, whose parts need those of most servers. */
  readonly startService: () => Promise<void>;
  /** Ends its parts in order. */
  readonly stop: () => Promise<void>;
  /** Ends all of its processes at once; what is being started too. */
  readonly kill: () => Promise<void>;
  /** Takes its disk away, when it was killed. */
  readonly loseDisk: () => Promise<void>;
  /** The door reads anew whom it refuses. */
  readonly reloadDoor: () => Promise<void>;
};

/** What all servers know. */
export type Cell = {
  /** By number, from the first on. */
  readonly machines: readonly Machine[];
  readonly secrets: ClusterSecrets;
  readonly busPassword: string;
  readonly doorPort: number;
  /** For logs and disks. */
  readonly folder: string;
  /** The folder with the certificate of a server. */
  readonly certificates: (server: number) => string;
  /** More variables of CouchDB, node and master. */
  readonly environment: Environment;
  /** Told when a process ends that is no door or peer. `expected`: it was asked to, or never became ready. */
  readonly onExit: (name: string, exit: Exit, expected: boolean) => void;
};

export const FRONT_PORT = 8080;

/** Three servers start at once on the machine of one. */
const READY_DEADLINE_MS = 300_000;

/** Where the names of a server are, on one of the servers: there, or at its peer. */
export const loopbackOf = (server: number): string => `127.0.1.${server}`;
export const servicesOf = (server: number): string[] =>
  ['node', 'couchdb', 'nats', 'master'].map((name) => `${name}${server}`);

export const createServer = (number: number, cell: Cell): Server => {
  const { machines, secrets } = cell;
  const numbers = machines.map((_, index) => index + 1);
  const machine = machines[number - 1]!;
  const { address, within } = machine;
  const folder = join(cell.folder, `server${number}`);
  const logDir = join(cell.folder, 'logs');
  const clock = movableClock(join(cell.folder, `server${number}.clock`));
  const busCredentials = { user: 'master', password: cell.busPassword };
  const node = `node${number}`;

  let isOn = false;
  const onMachine = (process: ClusterProcess): ClusterProcess =>
    Object.create(process, {
      start: {
        value: () => (isOn ? process.start() : Promise.reject(new Error(`server ${number} is off`))),
      },
    }) as ClusterProcess;
  const create = (
    name: string,
    script: string,
    port: number,
    readyPath: string,
    environment: Environment,
  ): ClusterProcess =>
    onMachine(
      createClusterProcess({
        name,
        script,
        port,
        readyPath,
        within,
        readyDeadlineMs: READY_DEADLINE_MS,
        environment: () => clock.environment(environment),
        logFile: join(logDir, `${name}.log`),
        onExit: (exit, expected) => cell.onExit(name, exit, expected),
      }),
    );

  const ofNode = (of: number) => secrets.nodes[of - 1]!;
  const dataUrl = (of: number): string => withCredentials(`http://couchdb${of}:5984`, ofNode(of).data);
  const surroundings = {
    own: {
      name: node,
      adminUrl: withCredentials(`http://couchdb${number}:5984`, ofNode(number).admin),
      dataUrl: dataUrl(number),
      meshUrl: withCredentials(`http://${node}:3001`, ofNode(number).mesh),
    },
    mesh: numbers.map((of) => ({
      name: `node${of}`,
      url: withCredentials(`http://node${of}:3001`, ofNode(of).reader),
    })),
  };
  const nodes = numbers.map((of) => ({
    name: `node${of}`,
    url: `http://node${of}:3001`,
    publicUrl: `http://${machines[of - 1]!.address}:${FRONT_PORT}/node${of}`,
  }));
  // The own one first.
  const busUrls = [number, ...numbers.filter((of) => of !== number)].map((of) =>
    withCredentials(`nats://nats${of}:4222`, busCredentials),
  );

  const couch = create(`couchdb${number}`, SCRIPTS.couch, 5984, '/_up', {
    ...couchEnvironment(5984, join(folder, 'couchdb'), ofNode(number).admin),
    ...cell.environment,
    EMBEDDED_COUCH_HOST: address,
  });
  const mailboxNode = create(node, SCRIPTS.mailboxNode, 3001, '/ready', {
    ...mailboxNodeEnvironment(3001, surroundings, '', secrets),
    ...TEST_SETTINGS.mailboxNode,
    ...cell.environment,
    HOST: address,
  });
  const bus = onMachine(
    createBusServer({
      name: `nats${number}`,
      port: 4222,
      host: address,
      within,
      readyDeadlineMs: READY_DEADLINE_MS,
      folder: join(cell.folder, 'nats'),
      credentials: busCredentials,
      cluster: {
        port: 6222,
        others: numbers.filter((of) => of !== number).map((of) => `nats${of}:6222`),
      },
      logFile: join(logDir, `nats${number}.log`),
      onExit: (exit, expected) => cell.onExit(`nats${number}`, exit, expected),
    }),
  );
  const master = create(`master${number}`, SCRIPTS.master, 3000, '/ready', {
    ...masterEnvironment(3000, numbers.map(dataUrl), nodes, { count: numbers.length, busUrls }, '', secrets),
    ...TEST_SETTINGS.master,
    ...cell.environment,
    HOST: address,
    // The front is at the address of the machine.
    TRUST_PROXY: '1',
  });
  const front = create(`front${number}`, SCRIPTS.front, FRONT_PORT, '/ready', {
    ...frontEnvironment(
      FRONT_PORT,
      [{ url: `http://master${number}:3000` }],
      nodes.map(({ url }) => ({ url })),
    ),
    HOST: address,
  });
  const processes = [couch, mailboxNode, bus, master, front];

  let door: TunnelEnd | null = null;
  const openTunnel = async (): Promise<AsyncDisposable> => {
    await using opened = new AsyncDisposableStack();
    const place = { certificates: cell.certificates(number), within };
    door = opened.use(
      await startDoor({
        ...place,
        folder: join(folder, 'door'),
        address,
        port: cell.doorPort,
        server: number,
        services: address,
      }),
    );
    for (const of of numbers.filter((other) => other !== number)) {
      opened.use(
        await startPeer({
          ...place,
          folder: join(folder, `peer${of}`),
          address: loopbackOf(of),
          server: of,
          door: `${machines[of - 1]!.address}:${cell.doorPort}`,
        }),
      );
    }
    return opened.move();
  };
  let tunnel: Promise<AsyncDisposable> | null = null;
  const startTunnel = async (): Promise<void> => {
    const opening = (tunnel ??= openTunnel());
    try {
      await opening;
    } catch (error) {
      if (tunnel === opening) tunnel = null;
      throw error;
    }
  };
  const endTunnel = async (): Promise<void> => {
    const opened = await tunnel?.catch(() => null);
    tunnel = null;
    door = null;
    await opened?.[Symbol.asyncDispose]();
  };

  /** Starts that are under way. */
  const starts = new Set<Promise<void>>();
  const whileStarting = (what: () => Promise<void>): Promise<void> => {
    const going = what().finally(() => starts.delete(going));
    starts.add(going);
    return going;
  };
  const killAll = async (): Promise<void> => {
    const ended = processes.map((process) => process.kill('SIGKILL'));
    await machine.kill();
    await Promise.all(ended);
  };

  return {
    number,
    origin: `http://${address}:${FRONT_PORT}`,
    adminUrl: withCredentials(`http://${address}:5984`, ofNode(number).admin),
    addresses: {
      name: node,
      adminUrl: withCredentials(`http://${address}:5984`, ofNode(number).admin),
      dataUrl: withCredentials(`http://${address}:5984`, ofNode(number).data),
      meshUrl: withCredentials(`http://${address}:3001`, ofNode(number).mesh),
      readerUrl: withCredentials(`http://${address}:3001`, ofNode(number).reader),
    },
    couch,
    mailboxNode,
    bus,
    master,
    processes,
    isOn: () => isOn,
    clock,
    doorOutput: () => door?.output() ?? '',
    startData: () =>
      whileStarting(async () => {
        isOn = true;
        await startTunnel();
        await Promise.all([bus.start(), couch.start()]);
        await mailboxNode.start();
      }),
    startService: () =>
      whileStarting(async () => {
        await master.start();
        await front.start();
      }),
    stop: async () => {
      isOn = false;
      for (const process of processes.toReversed()) await process.kill();
      await endTunnel();
    },
    kill: async () => {
      isOn = false;
      await killAll();
      // What was being started fails now, and leaves nothing behind.
      await Promise.allSettled(starts);
      await killAll();
      await endTunnel();
    },
    loseDisk: () => rm(folder, { recursive: true, force: true }),
    reloadDoor: async () => {
      await door?.reload();
    },
  };
};
