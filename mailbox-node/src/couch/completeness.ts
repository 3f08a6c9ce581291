import {
  CAUGHT_UP_DOCUMENT,
  caughtUpDocument,
  couchRequest,
  type CouchServer,
  hasStatus,
} from '@restante/service-kit';
import type { ReplicationJob } from './mesh-keeper.ts';

/**
 * Whether this node has all mail that its peers had when its databases were created. A database that was lost starts
 * empty, and nobody may be told that nothing else waits here until the mesh has filled it (law 11). What has been
 * caught up is kept in a `_local` document of the database itself: it is not replicated, and is lost with it.
 */
export type Completeness = {
  /** Whether each of these databases has been caught up with every peer since it was created. */
  readonly holds: (databases: readonly string[]) => boolean;
  /** Notes which peers the databases have been caught up with, as the jobs tell. */
  readonly keep: (databases: readonly string[], jobs: readonly ReplicationJob[]) => Promise<void>;
  /** A database that was just created before its time: there is nothing to catch up with. */
  readonly bornEmpty: (database: string) => Promise<void>;
  /** Nothing is known any more of this database; of all when none is named. */
  readonly forget: (database?: string) => void;
};

type Record = {
  readonly peers: readonly string[];
  /** Stays so when peers are added: nothing is lost by it. */
  readonly isComplete: boolean;
  readonly rev?: string;
};

export const createCompleteness = ({
  server,
  peers,
}: {
  readonly server: CouchServer;
  readonly peers: readonly string[];
}): Completeness => {
  const records = new Map<string, Record>();

  const hasAll = (caughtUp: readonly string[]): boolean => peers.every((peer) => caughtUp.includes(peer));

  const read = async (db: string): Promise<Record> => {
    try {
      const document = caughtUpDocument.parse(await couchRequest(server, { db, path: CAUGHT_UP_DOCUMENT }));
      return { peers: document.peers, isComplete: document.isComplete, rev: document._rev };
    } catch (error) {
      if (hasStatus(error, 404)) return { peers: [], isComplete: false };
      throw error;
    }
  };

  const write = async (db: string, { rev, ...record }: Record): Promise<void> => {
    const body = { ...record, ...(rev !== undefined && { _rev: rev }) };
    await couchRequest(server, { db, path: CAUGHT_UP_DOCUMENT, method: 'PUT', body });
  };

  return {
    holds: (databases) =>
      databases.every((database) => {
        const known = records.get(database)?.peers;
        return known !== undefined && hasAll(known);
      }),
    keep: async (databases, jobs) => {
      for (const database of records.keys()) if (!databases.includes(database)) records.delete(database);
      for (const database of databases) {
        const known = await read(database);
        const news = jobs
          .filter((job) => job.database === database && job.isCaughtUp && !known.peers.includes(job.peer))
          .map(({ peer }) => peer);
        const caughtUp = [...known.peers, ...news];
        const isComplete = known.isComplete || hasAll(caughtUp);
        const record = { ...known, peers: caughtUp, isComplete };
        if (news.length > 0 || isComplete !== known.isComplete) await write(database, record);
        records.set(database, record);
      }
    },
    bornEmpty: (database) => write(database, { peers, isComplete: true }),
    forget: (database) => {
      if (database === undefined) records.clear();
      else records.delete(database);
    },
  };
};
