import { z } from 'zod';
import { ask } from './ask.ts';

/** What a master tells of itself. */
export type MasterState = {
  readonly name: string;
  readonly up: boolean;
  readonly ready: boolean;
  /** How far the clock is ahead when it is not believed, otherwise null. */
  readonly doubtedClockSeconds: number | null;
  /** Open WebSockets; null when it is not known. */
  readonly connections: number | null;
  /** Whether it can tell the other masters anything. */
  readonly hasBus: boolean;
  /** CouchDBs of the directory that it passes over until masters have filled them. */
  readonly filling: readonly string[];
  readonly setAside: readonly string[];
};

/** What a mailbox node tells of itself; null what is not known. */
export type NodeState = {
  readonly name: string;
  readonly up: boolean;
  readonly ready: boolean;
  readonly couchdbUp: boolean;
  readonly databases: number | null;
  readonly pulls: { readonly running: number; readonly wanted: number };
  /** How far it is behind the other nodes, at most. */
  readonly lagSeconds: number | null;
  /** How far it is behind each other node, by that one's name. */
  readonly lags: Readonly<Record<string, number>>;
  /** How far the clock is ahead when it is not believed, otherwise null. */
  readonly doubtedClockSeconds: number | null;
  readonly setAside: readonly string[];
  /** Documents that it did not take from the mesh since it was started, by peer. */
  readonly refusedWrites: Readonly<Record<string, number>>;
};

export type ClusterState = {
  readonly masters: readonly MasterState[];
  readonly nodes: readonly NodeState[];
  /** One sentence for each thing that is wrong. Empty: all is well. */
  readonly problems: readonly string[];
};

const ANSWER_DEADLINE_MS = 2_000;
const ANSWER_BYTES = 4 * 1024 * 1024;
const LAG_BOUND_SECONDS = 30;

/** What `GET /health` of every service tells of its clock; services of the first release do not. */
const clock = z.object({ isDoubted: z.boolean(), aheadSeconds: z.number() }).optional();

/** Documents that a service passes over because they are not what they should be: how many by fault, and some of them. */
const setAside = z.object({
  counts: z.record(z.string(), z.number()),
  examples: z.array(z.object({ database: z.string(), id: z.string(), fault: z.string() })),
});

/** The parts of a master's `GET /health` that are shown. */
const masterHealth = z.object({
  clock,
  connections: z.number().optional(),
  directory: z.array(z.object({ url: z.string(), filling: z.boolean().default(false) })).default([]),
  /** Of the release before: without `up`, in one process. */
  bus: z.object({ up: z.boolean().default(true) }).default({ up: true }),
  setAside: setAside.optional(),
});

/** The parts of a mailbox node's `GET /health` that are shown. */
const nodeHealth = z.object({
  clock,
  couchdb: z.object({ state: z.string() }),
  databases: z.array(z.unknown()),
  replications: z.array(z.object({ state: z.string() })),
  /** By peer. */
  lagSeconds: z.record(z.string(), z.number()),
  setAside: setAside.optional(),
  /** By peer. */
  refusedWrites: z.record(z.string(), z.number()).default({}),
});

const askService = (url: string) => ask(url, ANSWER_DEADLINE_MS, ANSWER_BYTES);

const doubtedSeconds = (health: { clock?: z.infer<typeof clock> } | undefined): number | null =>
  health?.clock?.isDoubted === true ? health.clock.aheadSeconds : null;

const describeSetAside = (name: string, found: z.infer<typeof setAside> | undefined): string[] => {
  const faults = Object.entries(found?.counts ?? {}).filter(([, documents]) => documents > 0);
  if (found === undefined || faults.length === 0) return [];
  const first = found.examples.slice(0, 3).map(({ database, id }) => `${database} ${JSON.stringify(id)}`);
  const counts = faults.map(([fault, documents]) => `${documents} ${fault}`);
  return [`${name} has set documents aside (${counts.join(', ')}), for one ${first.join(', ')}`];
};

const readMaster = async (name: string, url: string): Promise<MasterState> => {
  const [ready, answer] = await Promise.all([askService(`${url}/ready`), askService(`${url}/health`)]);
  const health = masterHealth.safeParse(answer?.body).data;
  return {
    name,
    up: ready !== null,
    ready: ready?.ok ?? false,
    doubtedClockSeconds: doubtedSeconds(health),
    connections: health?.connections ?? null,
    hasBus: health?.bus.up ?? true,
    filling: (health?.directory ?? []).filter(({ filling }) => filling).map(({ url }) => url),
    setAside: describeSetAside(name, health?.setAside),
  };
};

const readNode = async (name: string, url: string): Promise<NodeState> => {
  const [ready, answer] = await Promise.all([askService(`${url}/ready`), askService(`${url}/health`)]);
  const health = nodeHealth.safeParse(answer?.body).data;
  const replications = health?.replications ?? [];
  const lags = health?.lagSeconds ?? {};
  const seconds = Object.values(lags);
  return {
    name,
    up: ready !== null,
    ready: ready?.ok ?? false,
    couchdbUp: health?.couchdb.state === 'up',
    databases: health?.databases.length ?? null,
    pulls: {
      running: replications.filter(({ state }) => state === 'running').length,
      wanted: replications.length,
    },
    lagSeconds: seconds.length === 0 ? null : Math.max(...seconds),
    lags,
    doubtedClockSeconds: doubtedSeconds(health),
    setAside: describeSetAside(name, health?.setAside),
    refusedWrites: health?.refusedWrites ?? {},
  };
};

/** A clock that is not believed is told whatever else is wrong. */
const clockProblems = (parts: readonly (MasterState | NodeState)[]): string[] =>
  parts.flatMap(({ name, doubtedClockSeconds: seconds }) => {
    if (seconds === null) return [];
    const days = `${(Math.abs(seconds) / 86_400).toFixed(1)} days ${seconds > 0 ? 'ahead of' : 'behind'}`;
    return [
      `the clock of ${name} is ${days} the confirmed time: nothing is dropped until npm run confirm-clock`,
    ];
  });

const problemsOf = (masters: readonly MasterState[], nodes: readonly NodeState[]): string[] => [
  ...masters.flatMap(({ name, up, ready }) => {
    if (!up) return [`${name} is down`];
    return ready ? [] : [`${name} is not ready`];
  }),
  ...masters.flatMap(({ name, hasBus }) => (hasBus ? [] : [`${name} has no way to the other masters`])),
  ...masters.flatMap(({ name, filling }) =>
    filling.map((server) => `${name} passes over CouchDB ${server}: masters fill its directory`),
  ),
  ...nodes.flatMap(({ name, up, ready, couchdbUp, pulls, lagSeconds }) => {
    if (!up) return [`${name} is down`];
    if (!couchdbUp) return [`CouchDB of ${name} is down`];
    if (!ready) return [`${name} is not ready`];
    if (pulls.running < pulls.wanted) return [`${name} pulls ${pulls.running} of ${pulls.wanted} databases`];
    if (lagSeconds !== null && lagSeconds > LAG_BOUND_SECONDS) {
      return [`${name} is ${Math.round(lagSeconds)} s behind`];
    }
    return [];
  }),
  ...[...masters, ...nodes].flatMap((service) => service.setAside),
  ...nodes.flatMap(({ name, refusedWrites }) =>
    Object.entries(refusedWrites).flatMap(([peer, count]) =>
      count === 0
        ? []
        : [
            `${name} has refused ${count} documents of ${peer} since it was started: no node writes such ones`,
          ],
    ),
  ),
];

/** A service by the name that people call it. */
export type NamedUrl = { readonly name: string; readonly url: string };

/** Services without names of their own, by number. */
export const numbered = (kind: string, urls: readonly string[]): NamedUrl[] =>
  urls.map((url, index) => ({ name: `${kind} ${index + 1}`, url }));

/** Asks all parts at once what they tell without credentials. A part that does not answer is down. */
export const readClusterState = async (
  masters: readonly NamedUrl[],
  mailboxNodes: readonly NamedUrl[],
): Promise<ClusterState> => {
  const [masterStates, nodeStates] = await Promise.all([
    Promise.all(masters.map(({ name, url }) => readMaster(name, url))),
    Promise.all(mailboxNodes.map(({ name, url }) => readNode(name, url))),
  ]);
  return {
    masters: masterStates,
    nodes: nodeStates,
    problems: [...problemsOf(masterStates, nodeStates), ...clockProblems([...masterStates, ...nodeStates])],
  };
};
