import {
  comparePulls,
  createDatabases,
  needlessPulls,
  parseReplicationId,
  wantedPulls,
  type Databases,
  type MeshStep,
} from '@restante/mailbox-node/mesh';
import { serverOf } from '@restante/service-kit';
import { z } from 'zod';
import type { Inspection, MeshNode, MeshPeer } from './mesh-node.ts';

/** Which databases belong to the mesh. */
export type MeshScope = {
  readonly databasePrefix: string;
  readonly bucketSpanDays: number;
  readonly messageTtlMs: number;
};

/** One thing to do on one node to make the mesh whole. */
export type MeshAction = MeshStep & { readonly node: string };

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
  /** Those that replicate. */
  readonly databases: readonly string[];
  readonly replications: readonly MeshReplication[];
  readonly actions: readonly MeshAction[];
  /** One sentence for each thing that is wrong. Empty: the mesh is whole. */
  readonly problems: readonly string[];
};

const databasesOf = ({ databasePrefix, bucketSpanDays, messageTtlMs }: MeshScope): Databases =>
  createDatabases(databasePrefix, bucketSpanDays, messageTtlMs);

const written = z.object({ target: z.object({ url: z.string() }) });

/**
 * Whether a CouchDB is not the one of the node that it is said to be of: it pulls a database of the mesh from this very node, or writes
 * at another one.
 */
export const isOfAnotherNode = (
  { node, documents }: Inspection,
  nodes: readonly MeshNode[],
  scope: MeshScope,
): boolean => {
  const { isOurs } = databasesOf(scope);
  const others = nodes.filter(({ name }) => name !== node.name).map(({ meshUrl }) => serverOf(meshUrl));
  return [...documents].some(([id, document]) => {
    const replication = parseReplicationId(id);
    if (replication === null || !isOurs(replication.database)) return false;
    const target = written.safeParse(document).data?.target.url;
    return replication.peer === node.name || others.some((other) => target?.startsWith(`${other}/`));
  });
};

/**
 * What is there against what should be: every node pulls every bucket from each other node, and nobody pulls the directory, which
 * masters carry. `elsewhere`: nodes that are not looked at, and pulled from. Pure.
 */
export const compareMesh = (
  inspections: readonly Inspection[],
  elsewhere: readonly MeshPeer[],
  scope: MeshScope,
  nowMs: number,
): MeshComparison => {
  const { directory, liveAt, isOurs } = databasesOf(scope);
  const inMesh = new Set(liveAt(nowMs));
  const live = inspections.filter(({ problem }) => problem === null);
  const databases = [
    ...new Set(live.flatMap((inspection) => inspection.databases.filter((name) => inMesh.has(name)))),
  ].sort();
  const problems = inspections.flatMap(({ problem }) => (problem === null ? [] : [problem]));
  if (live.length > 0 && databases.length === 0) {
    problems.push('there is no database to replicate: the mailbox nodes make them, start these first');
  }
  const replications: MeshReplication[] = [];
  const actions: MeshAction[] = [];

  for (const { node, problem, databases: present, documents, states } of inspections) {
    const peers = inspections.filter((other) => other.node.name !== node.name);
    const wanted = wantedPulls({
      databases,
      selfUrl: node.meshUrl,
      peers: [...peers.map(({ node: peer }) => peer), ...elsewhere].map(({ name, readerUrl: url }) => ({
        name,
        url,
      })),
    });
    const away = new Set(peers.filter((peer) => peer.problem !== null).map((peer) => peer.node.name));
    const isKnown = live.some((inspection) => inspection.databases.includes(directory));
    const wantedHere = isKnown ? [directory, ...databases] : databases;
    for (const database of problem === null ? wantedHere : []) {
      if (!present.includes(database)) problems.push(`${node.name} has no database ${database}`);
    }
    for (const { database, peer, state, step } of comparePulls(wanted, documents, states)) {
      const what = { node: node.name, peer, database };
      replications.push({ ...what, state: problem === null ? state : 'unknown' });
      if (problem !== null) continue;
      if (step !== null && !(step.action === 'restart' && away.has(peer))) {
        actions.push({ ...step, node: node.name });
      }
      if (state === 'missing') problems.push(`${node.name} has no replication of ${database} from ${peer}`);
      else if (state === 'different') {
        problems.push(`${node.name} has another replication of ${database} from ${peer} than it should`);
      } else if (state !== 'running') {
        problems.push(`${node.name} does not pull ${database} from ${peer}: ${state}`);
      }
    }
    const isOfMesh = (id: string): boolean => isOurs(parseReplicationId(id)?.database ?? '');
    for (const step of needlessPulls(wanted, documents, isOfMesh)) {
      actions.push({ ...step, node: node.name });
      problems.push(`${node.name} has a replication that nothing needs: ${step.id}`);
    }
  }
  return { databases, replications, actions, problems };
};
