import {
  CAUGHT_UP,
  type CaughtUp,
  type CouchServer,
  readCaughtUp,
  removeKept,
  writeKept,
} from '@restante/service-kit';
import type { ReplicationJob } from './mesh-keeper.ts';

/**
 * Whether this node has all mail that its peers had when its databases were created. A database that was lost starts
 * empty, and nobody may be told that nothing else waits here until the mesh has filled it (law 11). What has been
 * caught up is kept in the node's own database, of one life of the database that it is about.
 */
export type Completeness = {
  /** Whether each of these databases has been caught up with every peer since it was created. */
  readonly holds: (databases: readonly string[]) => boolean;
  /** The peers that all of these databases have been caught up with. */
  readonly caughtUpWith: (databases: readonly string[]) => string[];
  /** Notes which peers the databases have been caught up with, as the jobs tell. */
  readonly keep: (databases: readonly string[], jobs: readonly ReplicationJob[]) => Promise<void>;
  /** A database that was just created before its time: there is nothing to catch up with. */
  readonly bornEmpty: (database: string) => Promise<void>;
  /** Nothing is known any more of this database; of all when none is named. */
  readonly forget: (database?: string) => void;
  /** Takes away what is kept of a database that is gone, or is to be. */
  readonly remove: (database: string) => Promise<void>;
};

/** `isComplete` stays so when peers are added: nothing is lost by it. */
const NOTHING: CaughtUp = { peers: [], isComplete: false };

export const createCompleteness = ({
  server,
  node,
  peers,
}: {
  readonly server: CouchServer;
  /** The node's own database. */
  readonly node: string;
  readonly peers: readonly string[];
}): Completeness => {
  const records = new Map<string, CaughtUp>();

  const hasAll = (caughtUp: readonly string[]): boolean => peers.every((peer) => caughtUp.includes(peer));

  const write = (database: string, record: CaughtUp): Promise<void> =>
    writeKept(server, { node, database }, CAUGHT_UP, record);

  return {
    holds: (databases) =>
      databases.every((database) => {
        const known = records.get(database)?.peers;
        return known !== undefined && hasAll(known);
      }),
    caughtUpWith: (databases) =>
      peers.filter((peer) => databases.every((database) => records.get(database)?.peers.includes(peer))),
    keep: async (databases, jobs) => {
      for (const database of records.keys()) if (!databases.includes(database)) records.delete(database);
      for (const database of databases) {
        const known = (await readCaughtUp(server, { node, database })) ?? NOTHING;
        const news = jobs
          .filter((job) => job.database === database && job.isCaughtUp && !known.peers.includes(job.peer))
          .map(({ peer }) => peer);
        const caughtUp = [...known.peers, ...news];
        const isComplete = known.isComplete || hasAll(caughtUp);
        const record = { peers: caughtUp, isComplete };
        if (news.length > 0 || isComplete !== known.isComplete) await write(database, record);
        records.set(database, record);
      }
    },
    bornEmpty: (database) => write(database, { peers: [...peers], isComplete: true }),
    forget: (database) => {
      if (database === undefined) records.clear();
      else records.delete(database);
    },
    remove: async (database) => {
      records.delete(database);
      await removeKept(server, { node, database }, CAUGHT_UP);
    },
  };
};
