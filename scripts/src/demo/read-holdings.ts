import { directoryDatabase, nodeDatabase } from '@restante/protocol';
import type { Cluster } from '../cluster/index.ts';
import type { MeshScope } from '../mesh/compare-mesh.ts';
import { inspectMesh } from '../mesh/inspect-mesh.ts';
import { createConflictScan } from '../state/conflict-scan.ts';
import { countDatabase } from '../state/database-counts.ts';
import { readResolvedConflicts } from '../state/resolved-conflicts.ts';

/** What the three nodes hold, read from their CouchDBs. */
export type Holdings = {
  /** The buckets. */
  readonly databases: readonly string[];
  /** Messages in all buckets of all nodes. */
  readonly waiting: number;
  /** Whether every replication runs and all nodes have the same messages. A node that never had a message has no deletion of it. */
  readonly isSettled: boolean;
};

const directoryOf = (scope: MeshScope): string => directoryDatabase(scope.databasePrefix);

/** Rejects when a node does not answer. */
export const readHoldings = async ({ couchServers }: Cluster, scope: MeshScope): Promise<Holdings> => {
  const { mesh } = await inspectMesh(couchServers, [], scope);
  const counts = await Promise.all(
    mesh.databases.map((database) =>
      Promise.all(couchServers.map((node) => countDatabase(node, database, true))),
    ),
  );
  const isSame = counts.every((nodes) => new Set(nodes.map(({ waiting }) => waiting)).size === 1);
  return {
    databases: mesh.databases,
    waiting: counts.flat().reduce((sum, { waiting }) => sum + waiting, 0),
    isSettled: mesh.problems.length === 0 && isSame,
  };
};

/** Conflicts on all nodes, in the directory too: those that nobody has resolved and those that a master had to resolve. */
export const countConflicts = async (
  { couchServers }: Cluster,
  scope: MeshScope,
  databases: readonly string[],
): Promise<number> => {
  const resolved = new Set<string>();
  let unresolved = 0;
  for (const node of couchServers) {
    const scan = createConflictScan(node, nodeDatabase(scope.databasePrefix));
    for (const database of [directoryOf(scope), ...databases]) unresolved += (await scan(database)).length;
    for (const { _id } of await readResolvedConflicts(node, directoryOf(scope))) resolved.add(_id);
  }
  return unresolved + resolved.size;
};
