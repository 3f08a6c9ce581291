import {
  connectCouch,
  CouchError,
  couchRequest,
  hasStatus,
  type CouchServer,
  type Logger,
} from '@restante/service-kit';
import { comparePulls, needlessPulls, type ComparedPull, type MeshStep } from '../mesh/compared.ts';
import { replicationIdPrefix, wantedPulls } from '../mesh/wanted.ts';
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

/** Keeps this node's own pulls in `_replicator` in place, with the admin's credentials. */
export type MeshKeeper = AsyncDisposable & {
  /** Creates, repairs and removes documents until they are the desired ones for these databases. */
  readonly keep: (databases: readonly string[]) => Promise<void>;
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
/** What a peer's database had come to when a pull from it was first looked at. Sequences are opaque. */
type Goal = { readonly sequence: string; readonly isReached: boolean };

/** How many documents have changed after a sequence. */
const changesAfter = async (server: CouchServer, db: string, since: string): Promise<number> => {
  const answer = await couchRequest(server, { db, path: '_changes', qs: { since, limit: 0 } });
  return (answer as { readonly pending: number }).pending;
};

export const createMeshKeeper = ({
  log,
  admin,
  self,
  peers,
}: {
  readonly log: Logger;
  readonly admin: CouchServer;
  readonly self: string;
  readonly peers: readonly { readonly name: string; readonly url: string }[];
}): MeshKeeper => {
  const probes = new Map(peers.map(({ name, url }) => [name, connectCouch(url, PROBE_TIMEOUT_MS)]));
  let jobs: readonly ReplicationJob[] = [];
  const goals = new Map<string, Goal>();

  const apply = async (step: MeshStep): Promise<void> => {
    await applyStep(admin, step);
    goals.delete(step.id);
    if (step.desired === null) {
      log.info({ event: 'replication-removed', replication: step.id }, 'replication removed');
    } else log.info({ event: 'replication-set', replication: step.id }, 'replication set');
  };

  /**
   * Whether a pull that is through with its peer's changes up to `through` has reached its goal: nothing has changed between
   * the two. CouchDB's own `changes_pending` comes only with a checkpoint, up to half a minute later.
   */
  const hasReachedGoal = async (database: string, peer: string, through: string): Promise<boolean> => {
    const id = replicationIdPrefix(database) + peer;
    const known = goals.get(id);
    const probe = probes.get(peer);
    if (known?.isReached === true) return true;
    if (probe === undefined) return false;
    try {
      const sequence =
        known?.sequence ??
        String(((await couchRequest(probe, { db: database })) as { update_seq: string | number }).update_seq);
      const [left, afterGoal] = await Promise.all([
        changesAfter(probe, database, through),
        changesAfter(probe, database, sequence),
      ]);
      const isReached = left <= afterGoal;
      goals.set(id, { sequence, isReached });
      return isReached;
    } catch {
      // The peer is away: the next round asks again.
      return false;
    }
  };

  /** Whether a peer lets us read a database; null when it does not answer at all. */
  const isReadable = async (peer: string, db: string): Promise<boolean | null> => {
    const probe = probes.get(peer);
    if (probe === undefined) return null;
    try {
      await couchRequest(probe, { db });
      return true;
    } catch (error) {
      return error instanceof CouchError ? false : null;
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
        const readable = away.has(peer) ? null : await isReadable(peer, database);
        if (readable === null) away.add(peer);
        if (readable !== true) continue;
      }
      useful.push(step);
    }
    return useful;
  };

  return {
    keep: async (databases) => {
      const wanted = wantedPulls({ databases, self, peers });
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
          const isCaughtUp = state === 'running' && (await hasReachedGoal(database, peer, through));
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
    },
    jobs: () => jobs,
    isWhole: () => jobs.every(({ state }) => state === 'running'),
    loseSight: () => {
      jobs = jobs.map((job) => ({ ...job, state: 'unknown', isCaughtUp: false }));
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...probes.values()].map((probe) => probe[Symbol.asyncDispose]()));
    },
  };
};
