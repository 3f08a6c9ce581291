import {
  connectCouch,
  CouchError,
  couchRequest,
  type CouchServer,
  hasStatus,
  type Logger,
  requestRows,
} from '@restante/service-kit';
import {
  desiredReplications,
  isReplicationAsDesired,
  replicationIdPrefix,
  type ReplicationDocument,
} from '../mesh/wanted.ts';

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

type Stored = Readonly<Record<string, unknown>> & { readonly _id: string; readonly _rev: string };

const PROBE_TIMEOUT_MS = 2_000;
/** States in which CouchDB waits before it tries again, up to hours, or has given up. */
const STUCK = new Set(['crashing', 'error', 'failed']);

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

  const read = async (database: string): Promise<Stored[]> => {
    const prefix = replicationIdPrefix(database);
    const rows = await requestRows(admin, {
      db: '_replicator',
      path: '_all_docs',
      qs: { startkey: prefix, endkey: `${prefix}~`, include_docs: true },
    });
    return rows.map(({ doc }) => doc as Stored);
  };

  const readIfThere = (database: string): Promise<Stored[]> =>
    read(database).catch((error: unknown) => {
      if (hasStatus(error, 404)) return [];
      throw error;
    });

  /** Somebody else may write at the same moment, CouchDB too: the next round looks again. */
  const unlessConflict = async (write: Promise<unknown>): Promise<void> => {
    await write.catch((error: unknown) => {
      if (!hasStatus(error, 409) && !hasStatus(error, 404)) throw error;
    });
  };

  const path = (id: string): string => encodeURIComponent(id);

  const put = async (document: ReplicationDocument, rev: string | undefined): Promise<void> => {
    const body = rev === undefined ? document : { ...document, _rev: rev };
    await unlessConflict(
      couchRequest(admin, { db: '_replicator', path: path(document._id), method: 'PUT', body }),
    );
    goals.delete(document._id);
    log.info({ event: 'replication-set', replication: document._id }, 'replication set');
  };

  const drop = async ({ _id, _rev }: Stored): Promise<void> => {
    await unlessConflict(
      couchRequest(admin, { db: '_replicator', path: path(_id), method: 'DELETE', qs: { rev: _rev } }),
    );
    goals.delete(_id);
    log.info({ event: 'replication-removed', replication: _id }, 'replication removed');
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

  const looks = async (): Promise<Map<string, { readonly state: string; readonly through: string }>> => {
    const answer = (await couchRequest(admin, { path: '_scheduler/docs', qs: { limit: 10_000 } })) as {
      readonly docs?: readonly {
        readonly doc_id: string;
        readonly state: string | null;
        readonly info?: { readonly through_seq?: string | number | null } | null;
      }[];
    };
    return new Map(
      answer.docs?.map(({ doc_id, state, info }) => [
        doc_id,
        { state: state ?? 'initializing', through: String(info?.through_seq ?? 0) },
      ]),
    );
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
   * A job that failed a few times while its peer was away waits long in CouchDB, up to hours. Once the peer
   * answers, a fresh document makes it start at once. Resolves with the ids of those documents.
   */
  const restartStuck = async (stored: ReadonlyMap<string, Stored>): Promise<ReadonlySet<string>> => {
    const restarted = new Set<string>();
    for (const { name } of peers) {
      for (const { database, state } of jobs.filter(({ peer }) => peer === name)) {
        const old = stored.get(replicationIdPrefix(database) + name);
        if (old === undefined || !STUCK.has(state)) continue;
        const readable = await isReadable(name, database);
        if (readable === null) break;
        if (!readable) continue;
        await drop(old);
        for (const document of desiredReplications({ databases: [database], self, peers })) {
          if (document._id === old._id) await put(document, undefined);
        }
        restarted.add(old._id);
      }
    }
    return restarted;
  };

  return {
    keep: async (databases) => {
      const desired = desiredReplications({ databases, self, peers });
      const wanted = new Map(desired.map((document) => [document._id, document]));
      const stored = new Map<string, Stored>();
      for (const database of databases) {
        for (const document of await read(database)) stored.set(document._id, document);
      }
      for (const document of stored.values()) if (!wanted.has(document._id)) await drop(document);
      for (const document of desired) {
        const existing = stored.get(document._id);
        if (existing && isReplicationAsDesired(existing, document)) continue;
        await put(document, existing?._rev);
      }
      const looked = await looks();
      jobs = await Promise.all(
        databases.flatMap((database) =>
          peers.map(async ({ name: peer }) => {
            const { state, through } = looked.get(replicationIdPrefix(database) + peer) ?? {
              state: 'missing',
              through: '0',
            };
            const isCaughtUp = state === 'running' && (await hasReachedGoal(database, peer, through));
            return { database, peer, state, isCaughtUp };
          }),
        ),
      );
      const restarted = await restartStuck(stored);
      jobs = jobs.map((job) =>
        restarted.has(replicationIdPrefix(job.database) + job.peer) ? { ...job, state: 'initializing' } : job,
      );
    },
    remove: async (database) => {
      for (const document of await readIfThere(database)) await drop(document);
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
