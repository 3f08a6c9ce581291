import { bucketKindOf, type BucketKind } from '@restante/protocol';
import { parseCouchUrl } from '@restante/service-kit';
import { isDeepStrictEqual } from 'node:util';

/**
 * The mesh as it should be: every node pulls every bucket from each other node. Pure, so that a node and the
 * operators' `setup-replication` want the same documents.
 */

type Endpoint = {
  readonly url: string;
  readonly auth: { readonly basic: { readonly username: string; readonly password: string } };
};

/** A document of `_replicator`. It never has `create_target`: a bucket that was dropped stays dropped. */
export type ReplicationDocument = {
  readonly _id: string;
  readonly source: Endpoint;
  readonly target: Endpoint;
  readonly continuous: true;
} & (typeof PULLED)[BucketKind];

/**
 * What is pulled, as a Mango selector, by a field that each has and a deletion has not: a node deletes on its owner's word alone (law 12).
 * Envelopes and canaries; or parts of blobs, a few at a time, for each is as large as a thousand envelopes.
 */
const PULLED = {
  messages: { selector: { $or: [{ senderId: { $exists: true } }, { at: { $exists: true } }] } },
  blobs: { selector: { data: { $exists: true } }, worker_batch_size: 4, worker_processes: 1 },
} as const;

/** Ids of a database's replication documents start with this. */
export const replicationIdPrefix = (database: string): string => `restante-${database}-from-`;

const GATE_OUT = '/mesh/out';

/** Where a node's buckets are read for the others, by the node's address. */
export const gateOut = (node: string): string => node.replace(/\/+$/, '') + GATE_OUT;

const endpoint = (node: string, gate: string, database: string): Endpoint => {
  const { url, username, password } = parseCouchUrl(node);
  return { url: `${url}${gate}/${encodeURIComponent(database)}`, auth: { basic: { username, password } } };
};

/** Database and peer of a replication by its document's id; null when it is none of ours. */
export const parseReplicationId = (
  id: string,
): { readonly database: string; readonly peer: string } | null => {
  const [, database, peer] = /^restante-(.+)-from-([a-z0-9-]+)$/.exec(id) ?? [];
  return database === undefined || peer === undefined ? null : { database, peer };
};

/** A database that a node pulls from another one, and the document that makes it. */
export type WantedPull = {
  readonly database: string;
  readonly peer: string;
  readonly document: ReplicationDocument;
};

/** The nodes of a node's pulls as its CouchDB reaches them, with credentials. */
export type MeshServers = {
  /** Itself, with the credentials that its own pulls write with. */
  readonly selfUrl: string;
  /** The other nodes, with those that others read with. */
  readonly peers: readonly { readonly name: string; readonly url: string }[];
};

/** The pulls of one node. */
export const wantedPulls = ({
  databases,
  selfUrl,
  peers,
}: MeshServers & { readonly databases: readonly string[] }): WantedPull[] =>
  databases.flatMap((database) =>
    peers.map((peer) => ({
      database,
      peer: peer.name,
      document: {
        _id: replicationIdPrefix(database) + peer.name,
        source: endpoint(peer.url, GATE_OUT, database),
        target: endpoint(selfUrl, `/mesh/in/${peer.name}`, database),
        continuous: true,
        ...PULLED[bucketKindOf(database) ?? 'messages'],
      },
    })),
  );

const FIELDS = ['source', 'target', 'continuous', 'create_target', 'cancel', 'filter', 'selector', 'doc_ids'];

/** Whether a stored document replicates as `desired` does. CouchDB adds fields of its own: those do not count. */
export const isReplicationAsDesired = (
  stored: Readonly<Record<string, unknown>>,
  desired: ReplicationDocument,
): boolean => {
  const wanted: Readonly<Record<string, unknown>> = { ...desired };
  return FIELDS.every((field) => isDeepStrictEqual(stored[field], wanted[field]));
};
