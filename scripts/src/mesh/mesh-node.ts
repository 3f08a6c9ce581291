import type { StoredReplication } from '@restante/mailbox-node/mesh';
import { readReplications, readSchedule } from '@restante/mailbox-node/replicator';
import {
  connectCouch,
  CouchError,
  couchRequest,
  toCouchError,
  type CouchServer,
  parseCouchUrl,
} from '@restante/service-kit';
import { z } from 'zod';

/** The CouchDB of one mailbox node as an operator reaches it. */
export type MeshNode = {
  readonly name: string;
  /** With admin credentials, as it is reached from here. */
  readonly adminUrl: string;
  /** With the data path's credentials, as the CouchDB servers reach each other. */
  readonly dataUrl: string;
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

/** Why the data path's credentials do not read this database, or null when they do. Never throws. */
export const probeDataPath = async (node: MeshNode, database: string): Promise<string | null> => {
  // Through the operator's address: the one that the servers use may not be reachable from here.
  const url = new URL(node.adminUrl);
  const { username, password } = parseCouchUrl(node.dataUrl);
  url.username = encodeURIComponent(username);
  url.password = encodeURIComponent(password);
  await using server = connectCouch(url.href.replace(/\/$/, ''), TIMEOUT_MS);
  try {
    await couchRequest(server, { db: database });
    return null;
  } catch (thrown) {
    const error = toCouchError(thrown);
    if (!(error instanceof CouchError)) return `${node.name} does not answer`;
    if (error.statusCode === 404) return null;
    return `${node.name} refuses the data path's user ${username} (${error.statusCode})`;
  }
};
