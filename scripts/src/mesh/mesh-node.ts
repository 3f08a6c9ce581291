import type { StoredReplication } from '@restante/mailbox-node/mesh';
import { readReplications, readSchedule } from '@restante/mailbox-node/replicator';
import {
  connectCouch,
  CouchError,
  couchRequest,
  couchUrlAs,
  parseCouchUrl,
  toCouchError,
  type CouchAddress,
  type CouchServer,
} from '@restante/service-kit';
import { z } from 'zod';

/** The CouchDB of one mailbox node as an operator reaches it. */
export type MeshNode = {
  readonly name: string;
  /** With admin credentials, as it is reached from here. */
  readonly adminUrl: string;
  /** As it reaches itself, with the user that writes what the mesh brings. */
  readonly meshUrl: string;
  /** As the others reach it, with the user that reads for them. */
  readonly readerUrl: string;
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

/** Why the users of the mesh do not read this database, in one line each. Never throws. */
export const probeMeshUsers = async (node: MeshNode, database: string): Promise<string[]> => {
  const refusals = await Promise.all(
    [node.meshUrl, node.readerUrl].map((url) => probeUser(node, parseCouchUrl(url), database)),
  );
  return refusals.filter((refusal) => refusal !== null);
};

/** Through the operator's address: the one that the servers use may not be reachable from here. */
const probeUser = async (
  { name, adminUrl }: MeshNode,
  user: CouchAddress,
  database: string,
): Promise<string | null> => {
  await using server = connectCouch(couchUrlAs(adminUrl, user), TIMEOUT_MS);
  try {
    await couchRequest(server, { db: database });
    return null;
  } catch (thrown) {
    const error = toCouchError(thrown);
    if (!(error instanceof CouchError)) return `${name} does not answer`;
    if (error.statusCode === 404) return null;
    return `${name} refuses the mesh's user ${user.username} (${error.statusCode})`;
  }
};
