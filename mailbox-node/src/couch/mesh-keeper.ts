import {
  connectCouch,
  CouchError,
  couchRequest,
  hasStatus,
  requestRows,
  type CouchServer,
  type Logger,
} from '@restante/service-kit';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { comparePulls, needlessPulls, type ComparedPull, type MeshStep } from '../mesh/compared.ts';
import { gateOut, replicationIdPrefix, wantedPulls, type MeshServers } from '../mesh/wanted.ts';
import { isCarried } from './carried-changes.ts';
import { applyStep, readReplications, readSchedule } from './replicator.ts';

/** A pull of this node as CouchDB's scheduler sees it. */
export type ReplicationJob = {
  readonly database: string;
  readonly peer: string;
  /** A state of CouchDB's scheduler, `missing`, or `unknown` when the last look at it failed. */
  readonly state: string;
  /** Whether everything is here that the peer had when this pull was first looked at. */
  readonly isCaughtUp: boolean;
};

/** The peers that have a database, by its name. */
export type Holders = ReadonlyMap<string, readonly string[]>;

/** Keeps this node's own pulls in `_replicator` in place, with the admin's credentials. */
export type MeshKeeper = AsyncDisposable & {
  /**
   * Creates, repairs and removes documents until they are the desired ones for these databases. `holders`: the peers that have a database,
   * where not all do.
   */
  readonly keep: (databases: readonly string[], holders: Holders) => Promise<void>;
  /** Which of these databases peers have, with a document in them. One that is away has none. */
  readonly holders: (databases: readonly string[]) => Promise<Holders>;
  /**
   * Which of these documents any peer has. One whose CouchDB has no such database has none. Null: one of them does not say, being away or of an
   * earlier release.
   */
  readonly present: (database: string, ids: readonly string[]) => Promise<ReadonlySet<string> | null>;
  /** Takes away all pulls into one database. One that is created anew gets fresh ones. */
  readonly remove: (database: string) => Promise<void>;
  /** The jobs as of the last `keep`. */
  readonly jobs: () => readonly ReplicationJob[];
  /** Whether all of them ran then. */
  readonly isWhole: () => boolean;
  /** Says that the jobs could not be looked at: what an earlier look saw is not told as if it were so now. */
  readonly loseSight: () => void;
};

const PROBE_TIMEOUT_MS = 2_000;
/** For a page of changes. */
const LOOK_TIMEOUT_MS = 30_000;
const ROWS_PER_READ = 2_000;
/** What a peer's database had come to when a pull from it was first looked at. Sequences are opaque. */
type Goal = { readonly sequence: string; readonly isReached: boolean };

const pending = z.object({ pending: z.int() });
const sequence = z.union([z.string(), z.number()]).transform(String);
const databaseInfo = z.object({ update_seq: sequence });
const databaseSize = z.object({ doc_count: z.int() });
const changes = z.object({
  results: z.array(z.object({ seq: sequence, id: z.string(), deleted: z.boolean().optional() })),
});

/** As its gate hands it on: a gate that does not know the bucket, and whatever else may answer in its place, say it otherwise. */
const DATABASE_MISSING = 'Database does not exist.';
const isWithoutDatabase = (error: unknown): boolean =>
  error instanceof CouchError && error.statusCode === 404 && error.reason === DATABASE_MISSING;

/** How many documents have changed after a sequence. */
const changesAfter = async (server: CouchServer, db: string, since: string): Promise<number> =>
  pending.parse(await couchRequest(server, { db, path: '_changes', qs: { since, limit: 0 } })).pending;

/** The sequence of the first change after another one that is carried, or null. */
const nextCarried = async (server: CouchServer, db: string, after: string): Promise<string | null> => {
  for (let since = after; ;) {
    const qs = { since, limit: ROWS_PER_READ, style: 'all_docs' };
    const { results } = changes.parse(await couchRequest(server, { db, path: '_changes', qs }));
    const next = results.find((row) => isCarried(db, row));
    if (next !== undefined) return next.seq;
    const last = results.at(-1);
    if (last === undefined || results.length < ROWS_PER_READ) return null;
    since = last.seq;
  }
};

/** `mesh`: null for a node alone, which pulls nothing. */
export const createMeshKeeper = ({
  log,
  admin,
  mesh,
}: {
  readonly log: Logger;
  readonly admin: CouchServer;
  readonly mesh: MeshServers | null;
}): MeshKeeper => {
  const { peers, selfUrl } = mesh ?? { peers: [], selfUrl: '' };
  const connectAll = (timeoutMs: number) =>
    new Map(peers.map(({ name, url }) => [name, connectCouch(gateOut(url), timeoutMs)]));
  const probes = connectAll(PROBE_TIMEOUT_MS);
  const patient = connectAll(LOOK_TIMEOUT_MS);
  let jobs: readonly ReplicationJob[] = [];
  const goals = new Map<string, Goal>();
  /** Those that go on. */
  const looks = new Map<string, symbol>();

  const apply = async (step: MeshStep): Promise<void> => {
    await applyStep(admin, step);
    goals.delete(step.id);
    looks.delete(step.id);
    const event = step.desired === null ? 'replication-removed' : 'replication-set';
    log.info({ event, replication: step.id }, event.replace('-', ' '));
  };

  /**
   * Whether a pull that is through with its peer's changes up to `through` has reached its goal: nothing that is pulled lies between
   * the two. What the selector leaves out at the end of a feed is never passed, so that `through` alone does not tell.
   */
  const look = async (
    { database, peer }: Pick<ReplicationJob, 'database' | 'peer'>,
    known: Goal | undefined,
    through: string,
  ): Promise<Goal | null> => {
    const [probe, server] = [probes.get(peer), patient.get(peer)];
    if (probe === undefined || server === undefined) return null;
    const goal =
      known?.sequence ?? databaseInfo.parse(await couchRequest(probe, { db: database })).update_seq;
    const next = await nextCarried(server, database, through);
    if (next === null) return { sequence: goal, isReached: true };
    const [afterNext, afterGoal] = await Promise.all([
      changesAfter(probe, database, next),
      changesAfter(probe, database, goal),
    ]);
    return { sequence: goal, isReached: afterNext < afterGoal };
  };

  /** One look at a time at each pull. A round waits for it no longer than for another request; a later one finds what came of it. */
  const hasReachedGoal = async (
    pull: Pick<ReplicationJob, 'database' | 'peer'>,
    through: string,
  ): Promise<boolean> => {
    const id = replicationIdPrefix(pull.database) + pull.peer;
    const known = goals.get(id);
    if (known?.isReached === true) return true;
    if (looks.has(id)) return false;
    const own = Symbol(id);
    looks.set(id, own);
    const looking = look(pull, known, through)
      // The peer is away: the next round asks again.
      .catch(() => null)
      .then((goal) => {
        // The pull may have begun anew meanwhile.
        if (looks.get(id) !== own) return;
        looks.delete(id);
        if (goal !== null) goals.set(id, goal);
      });
    const patience = new AbortController();
    await Promise.race([
      looking,
      sleep(PROBE_TIMEOUT_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    return goals.get(id)?.isReached ?? false;
  };

  /** How many documents a peer has in a database; `refused`: it does not let us read it; null: it does not answer at all. */
  const documentsAt = async (peer: string, db: string): Promise<number | 'refused' | null> => {
    const probe = probes.get(peer);
    if (probe === undefined) return null;
    try {
      return databaseSize.safeParse(await couchRequest(probe, { db })).data?.doc_count ?? 0;
    } catch (error) {
      return error instanceof CouchError ? 'refused' : null;
    }
  };

  /**
   * What of the steps is of use now. A job that failed a few times while its peer was away waits long in CouchDB, up to hours: it is
   * restarted once the peer answers.
   */
  const usefulSteps = async (compared: readonly ComparedPull[]): Promise<MeshStep[]> => {
    const away = new Set<string>();
    const useful: MeshStep[] = [];
    for (const { database, peer, step } of compared) {
      if (step === null) continue;
      if (step.action === 'restart') {
        const documents = away.has(peer) ? null : await documentsAt(peer, database);
        if (documents === null) away.add(peer);
        if (typeof documents !== 'number') continue;
      }
      useful.push(step);
    }
    return useful;
  };

  return {
    holders: async (databases) => {
      const found = await Promise.all(
        databases.map(async (database) => {
          const documents = await Promise.all(peers.map(({ name }) => documentsAt(name, database)));
          const isFilled = (index: number): boolean => Number(documents[index]) > 0;
          return [database, peers.filter((_, index) => isFilled(index)).map(({ name }) => name)] as const;
        }),
      );
      return new Map(found);
    },
    present: async (db, ids) => {
      try {
        const request = { db, path: '_all_docs', method: 'POST', body: { keys: ids } } as const;
        const askPeer = async (peer: CouchServer) => {
          try {
            return await requestRows(peer, request);
          } catch (error) {
            if (isWithoutDatabase(error)) return [];
            throw error;
          }
        };
        const found = await Promise.all([...patient.values()].map(askPeer));
        return new Set(found.flat().flatMap(({ id, isDeleted }) => (isDeleted ? [] : [id])));
      } catch {
        return null;
      }
    },
    keep: async (databases, holders) => {
      const wanted = wantedPulls({ databases, selfUrl, peers }).filter(
        ({ database, peer }) => holders.get(database)?.includes(peer) ?? true,
      );
      const found = await Promise.all(
        databases.map((database) => readReplications(admin, replicationIdPrefix(database))),
      );
      const stored = new Map(found.flatMap((documents) => [...documents]));
      for (const step of needlessPulls(wanted, stored, () => true)) await apply(step);
      const schedule = await readSchedule(admin);
      const states = new Map([...schedule].map(([id, { state }]) => [id, state]));
      const compared = comparePulls(wanted, stored, states);
      const steps = await usefulSteps(compared);
      for (const step of steps) await apply(step);
      const begun = new Set(steps.map(({ id }) => id));
      jobs = await Promise.all(
        compared.map(async ({ database, peer, document, state }) => {
          if (begun.has(document._id)) return { database, peer, state: 'initializing', isCaughtUp: false };
          const through = schedule.get(document._id)?.through ?? '0';
          const isCaughtUp = state === 'running' && (await hasReachedGoal({ database, peer }, through));
          return { database, peer, state, isCaughtUp };
        }),
      );
    },
    remove: async (database) => {
      const stored = await readReplications(admin, replicationIdPrefix(database)).catch((error: unknown) => {
        if (hasStatus(error, 404)) return new Map();
        throw error;
      });
      for (const step of needlessPulls([], stored, () => true)) await apply(step);
      jobs = jobs.filter((job) => job.database !== database);
    },
    jobs: () => jobs,
    isWhole: () => jobs.every(({ state }) => state === 'running'),
    loseSight: () => {
      jobs = jobs.map((job) => ({ ...job, state: 'unknown', isCaughtUp: false }));
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(
        [...probes.values(), ...patient.values()].map((probe) => probe[Symbol.asyncDispose]()),
      );
    },
  };
};
