import { connectCouch, CouchError, hasStatus, type CouchServer, type Logger } from '@restante/service-kit';
import { couchRequest, requestRows } from './couch-request.ts';
import {
  desiredReplications,
  isReplicationAsDesired,
  replicationIdPrefix,
  type ReplicationDocument,
} from './mesh.ts';

/** A pull of this node as CouchDB's scheduler sees it. */
export type ReplicationJob = {
  readonly database: string;
  readonly peer: string;
  /** A state of CouchDB's scheduler, or `missing`. */
  readonly state: string;
  /** Whether everything that the peer has is here, as of the last look. */
  readonly isCaughtUp: boolean;
};

/** Keeps this node's own pulls in `_replicator` in place, with the admin's credentials (DESIGN 5.5). */
export type MeshKeeper = AsyncDisposable & {
  /** Creates, repairs and removes documents until they are the desired ones for these databases. */
  readonly keep: (databases: readonly string[]) => Promise<void>;
  /** Takes away all pulls into one database. One that is created anew gets fresh ones. */
  readonly remove: (database: string) => Promise<void>;
  /** The jobs as of the last `keep`. */
  readonly jobs: () => readonly ReplicationJob[];
};

type Stored = Readonly<Record<string, unknown>> & { readonly _id: string; readonly _rev: string };

const PROBE_TIMEOUT_MS = 2_000;
/** States in which CouchDB waits before it tries again, up to hours, or has given up. */
const STUCK = new Set(['crashing', 'error', 'failed']);

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
    log.info({ event: 'replication-set', replication: document._id }, 'replication set');
  };

  const drop = async ({ _id, _rev }: Stored): Promise<void> => {
    await unlessConflict(
      couchRequest(admin, { db: '_replicator', path: path(_id), method: 'DELETE', qs: { rev: _rev } }),
    );
    log.info({ event: 'replication-removed', replication: _id }, 'replication removed');
  };

  const looks = async (): Promise<Map<string, Pick<ReplicationJob, 'state' | 'isCaughtUp'>>> => {
    const answer = (await couchRequest(admin, { path: '_scheduler/docs', qs: { limit: 10_000 } })) as {
      readonly docs?: readonly {
        readonly doc_id: string;
        readonly state: string | null;
        readonly info?: { readonly changes_pending?: number | null } | null;
      }[];
    };
    return new Map(
      answer.docs?.map(({ doc_id, state, info }) => [
        doc_id,
        {
          state: state ?? 'initializing',
          isCaughtUp: state === 'running' && info?.changes_pending === 0,
        },
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
   * answers, a fresh document makes it start at once.
   */
  const restartStuck = async (stored: ReadonlyMap<string, Stored>): Promise<void> => {
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
      }
    }
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
      jobs = databases.flatMap((database) =>
        peers.map(({ name: peer }) => ({
          database,
          peer,
          ...(looked.get(replicationIdPrefix(database) + peer) ?? { state: 'missing', isCaughtUp: false }),
        })),
      );
      await restartStuck(stored);
    },
    remove: async (database) => {
      for (const document of await readIfThere(database)) await drop(document);
    },
    jobs: () => jobs,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...probes.values()].map((probe) => probe[Symbol.asyncDispose]()));
    },
  };
};
