import { wantedPulls, type ReplicationDocument, type StoredReplication } from '@restante/mailbox-node/mesh';
import { readReplications, readSchedule } from '@restante/mailbox-node/replicator';
import {
  connectCouch,
  CouchError,
  couchRequest,
  parseCouchUrl,
  toCouchError,
  type CouchServer,
} from '@restante/service-kit';
import { z } from 'zod';

/** A mailbox node that others pull from. */
export type MeshPeer = {
  readonly name: string;
  /** The node as the others' CouchDBs reach it, with the credentials by which they read. */
  readonly readerUrl: string;
};

/** A mailbox node and its CouchDB. */
export type MeshNode = MeshPeer & {
  /** The CouchDB as it is reached from here, with admin credentials. */
  readonly adminUrl: string;
  /** The node as its CouchDB reaches it, with the credentials by which that writes what the mesh brings. */
  readonly meshUrl: string;
};

/** What is there on one node. */
export type Inspection = {
  readonly node: MeshNode;
  /** Why there is nothing to tell; null when the node answered. */
  readonly problem: string | null;
  readonly databases: readonly string[];
  readonly documents: ReadonlyMap<string, StoredReplication>;
  /** State of each job in CouchDB's scheduler by its document's id. */
  readonly states: ReadonlyMap<string, string>;
};

const TIMEOUT_MS = 5_000;

const names = z.array(z.string());
/** Runs `use` with a connection that has the admin's credentials. */
export const withAdmin = async <T>(node: MeshNode, use: (server: CouchServer) => Promise<T>): Promise<T> => {
  await using server = connectCouch(node.adminUrl, TIMEOUT_MS);
  return await use(server);
};

/** What an error of a node means, in one line, without credentials. */
export const explainNodeError = ({ name, adminUrl }: MeshNode, thrown: unknown): string => {
  const where = `${name} (${parseCouchUrl(adminUrl).url})`;
  const error = toCouchError(thrown);
  if (!(error instanceof CouchError)) return `${where} does not answer`;
  if (error.statusCode === 401 || error.statusCode === 403) return `${where} refuses the admin credentials`;
  return `${where}: ${error.message}`;
};

/** Reads databases, replication documents and their states, with the admin's credentials. Never throws. */
export const inspectNode = async (node: MeshNode): Promise<Inspection> => {
  try {
    return await withAdmin(node, async (server) => {
      const databases = names.parse(await couchRequest(server, { path: '_all_dbs' }));
      const documents = await readReplications(server, 'restante-');
      const schedule = await readSchedule(server);
      const states = new Map([...schedule].map(([id, { state }]) => [id, state]));
      return { node, problem: null, databases, documents, states };
    });
  } catch (error) {
    const problem =
      error instanceof z.ZodError
        ? `${node.name} (${parseCouchUrl(node.adminUrl).url}) is not a CouchDB`
        : explainNodeError(node, error);
    return { node, problem, databases: [], documents: new Map(), states: new Map() };
  }
};

/** One line for each of the mesh's credentials that the node refuses for this database. Never throws. */
export const probeMeshCredentials = async (node: MeshNode, database: string): Promise<string[]> => {
  const { name, meshUrl: selfUrl, readerUrl: url } = node;
  const documents = wantedPulls({ databases: [database], selfUrl, peers: [{ name, url }] });
  const refusals = await Promise.all(
    documents.flatMap(({ document: { source, target } }) =>
      [target, source].map((endpoint) => probeEndpoint(name, endpoint)),
    ),
  );
  return refusals.filter((refusal) => refusal !== null);
};

/** The node may not be reachable from here by the address that CouchDBs use. */
const probeEndpoint = async (
  name: string,
  { url, auth: { basic } }: ReplicationDocument['source'],
): Promise<string | null> => {
  const credentials = Buffer.from(`${basic.username}:${basic.password}`).toString('base64');
  try {
    const answer = await fetch(url, {
      headers: { authorization: `Basic ${credentials}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
    return answer.status === 401 ? `${name} refuses the mesh's credentials of ${basic.username}` : null;
  } catch {
    return null;
  }
};
