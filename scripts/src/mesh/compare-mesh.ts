import { buckets } from '@restante/protocol';
import {
  desiredReplications,
  isReplicationAsDesired,
  type ReplicationDocument,
} from '@restante/mailbox-node/mesh';
import type { Inspection, StoredDocument } from './mesh-node.ts';

/** Which databases belong to the mesh. */
export type MeshScope = {
  readonly databasePrefix: string;
  readonly bucketSpanDays: number;
  readonly messageTtlMs: number;
};

/** One thing to do on one node to make the mesh whole. */
export type MeshAction = {
  readonly node: string;
  readonly id: string;
  /** `restart`: the document is right, but its job has given up and the other node answers. */
  readonly action: 'create' | 'repair' | 'restart' | 'remove';
  /** What is in its way. */
  readonly stored: StoredDocument | null;
  /** What is to be there. Null to remove. */
  readonly desired: ReplicationDocument | null;
};

/** One of the one-way replications that make the mesh. */
export type MeshReplication = {
  /** Who pulls. */
  readonly node: string;
  readonly peer: string;
  readonly database: string;
  /** State in CouchDB's scheduler; `missing` or `different` when the document is; `unknown` when the node is down. */
  readonly state: string;
};

export type MeshComparison = {
  readonly databases: readonly string[];
  readonly replications: readonly MeshReplication[];
  readonly actions: readonly MeshAction[];
  /** One sentence for each thing that is wrong. Empty: the mesh is whole. */
  readonly problems: readonly string[];
};

/** States in which CouchDB waits before it tries again, up to hours, or has given up. */
const STUCK = new Set(['crashing', 'error', 'failed']);

/** Databases of the mesh among all names of a server. */
const inScope = (scope: MeshScope, nowMs: number) => {
  const live = new Set(buckets(scope.bucketSpanDays, scope.messageTtlMs).liveAt(nowMs));
  return (database: string): boolean => {
    if (!database.startsWith(scope.databasePrefix)) return false;
    const name = database.slice(scope.databasePrefix.length);
    return name === 'directory' || live.has(name);
  };
};

/** Database and peer of a replication by its document's id. */
const parseReplicationId = (id: string): { readonly database: string; readonly peer: string } | null => {
  const [, database, peer] = /^restante-(.+)-from-([a-z0-9-]+)$/.exec(id) ?? [];
  return database === undefined || peer === undefined ? null : { database, peer };
};

const isOurName = (database: string, prefix: string): boolean =>
  database.startsWith(prefix) && /^(?:directory|messages-\d{8})$/.test(database.slice(prefix.length));

/** Whether a node pulls a database of the mesh from the node of this name. */
export const replicatesFrom = (
  { documents }: Inspection,
  name: string,
  { databasePrefix }: MeshScope,
): boolean =>
  [...documents.keys()].some((id) => {
    const replication = parseReplicationId(id);
    return replication?.peer === name && isOurName(replication.database, databasePrefix);
  });

/** What is there against what should be: every node pulls every database from each other node. Pure. */
export const compareMesh = (
  inspections: readonly Inspection[],
  scope: MeshScope,
  nowMs: number,
): MeshComparison => {
  const isIn = inScope(scope, nowMs);
  const live = inspections.filter(({ problem }) => problem === null);
  const databases = [...new Set(live.flatMap((inspection) => inspection.databases.filter(isIn)))].sort();
  const problems = inspections.flatMap(({ problem }) => (problem === null ? [] : [problem]));
  if (live.length > 0 && databases.length === 0) {
    problems.push('there is no database to replicate: the mailbox nodes make them, start these first');
  }
  const replications: MeshReplication[] = [];
  const actions: MeshAction[] = [];

  for (const { node, problem, databases: present, documents, states } of inspections) {
    const peers = inspections.filter((other) => other.node.name !== node.name);
    const desired = databases.flatMap((database) =>
      peers.map(({ node: peer, problem: peerProblem }) => {
        const [document] = desiredReplications({
          databases: [database],
          self: node.dataUrl,
          peers: [{ name: peer.name, url: peer.dataUrl }],
        });
        return { database, peer: peer.name, isPeerUp: peerProblem === null, document };
      }),
    );
    for (const database of problem === null ? databases : []) {
      if (!present.includes(database)) problems.push(`${node.name} has no database ${database}`);
    }
    for (const { database, peer, isPeerUp, document } of desired) {
      if (document === undefined) continue;
      const what = { node: node.name, peer, database };
      if (problem !== null) {
        replications.push({ ...what, state: 'unknown' });
        continue;
      }
      const stored = documents.get(document._id) ?? null;
      const step = { node: node.name, id: document._id, stored, desired: document };
      if (stored === null) {
        replications.push({ ...what, state: 'missing' });
        actions.push({ ...step, action: 'create' });
        problems.push(`${node.name} has no replication of ${database} from ${peer}`);
      } else if (!isReplicationAsDesired(stored, document)) {
        replications.push({ ...what, state: 'different' });
        actions.push({ ...step, action: 'repair' });
        problems.push(`${node.name} has another replication of ${database} from ${peer} than it should`);
      } else {
        const state = states.get(document._id) ?? 'initializing';
        replications.push({ ...what, state });
        if (STUCK.has(state) && isPeerUp) actions.push({ ...step, action: 'restart' });
        if (state !== 'running')
          problems.push(`${node.name} does not pull ${database} from ${peer}: ${state}`);
      }
    }
    const wanted = new Set(desired.map(({ document }) => document?._id));
    for (const [id, stored] of documents) {
      const database = parseReplicationId(id)?.database;
      if (database === undefined || !isOurName(database, scope.databasePrefix) || wanted.has(id)) continue;
      actions.push({ node: node.name, id, action: 'remove', stored, desired: null });
      problems.push(`${node.name} has a replication that nothing needs: ${id}`);
    }
  }
  return { databases, replications, actions, problems };
};
