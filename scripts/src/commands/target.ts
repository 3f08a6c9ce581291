import {
  ConfigError,
  databasePrefix,
  httpUrls,
  messageTtlDays,
  namedCouchUrls,
  readEnvironment,
  serverOf,
} from '@restante/service-kit';
import { z } from 'zod';
import { findRunningCluster } from '../cluster/index.ts';
import type { MeshScope } from '../mesh/compare-mesh.ts';
import type { MeshNode, MeshPeer } from '../mesh/mesh-node.ts';
import { clusterCouchUrls } from './couch-urls.ts';

/** `name=url` of the mailbox nodes with the readers' credentials, as they have it themselves. */
const peers = namedCouchUrls.refine((nodes) => nodes.length > 1, 'needs an entry for every node');

const environment = z.object({
  DATA_DIR: z.string().default('.data'),
  COUCHDB_URLS: clusterCouchUrls.optional(),
  MESH_SELF_URLS: clusterCouchUrls.optional(),
  MESH_PEERS: peers.optional(),
  COUCHDB_SELF_URLS: z
    .never({ error: 'is of release 0.2.0: MESH_SELF_URLS names the mailbox nodes' })
    .optional(),
  COUCHDB_PEERS: z.never({ error: 'is of release 0.2.0: MESH_PEERS names the mailbox nodes' }).optional(),
  /** Names of the nodes whose CouchDB is on this server: on others there are others' admins. */
  NODES_HERE: z
    .string()
    .transform((names) => names.split(','))
    .optional(),
  MASTER_URLS: httpUrls.optional(),
  MAILBOX_NODE_URLS: httpUrls.optional(),
  DATABASE_PREFIX: databasePrefix.optional(),
  BUCKET_SPAN_DAYS: z.coerce.number().int().min(1).max(365).default(10),
  MESSAGE_TTL_DAYS: messageTtlDays,
});

/** The cluster that a command is about. */
export type Target = {
  /** Those whose CouchDB this command may ask. */
  readonly nodes: readonly MeshNode[];
  /** Those on other servers: each server sees to its own. */
  readonly elsewhere: readonly MeshPeer[];
  readonly scope: MeshScope;
  readonly masterUrls: readonly string[];
  readonly mailboxNodeUrls: readonly string[];
};

/** Paragraph of `--help` on what {@link findTarget} reads. */
export const TARGET_HELP = `
Without more, the cluster that npm start runs on this machine. Another one is told by the environment:

  DATA_DIR           data folder of the cluster on this machine (default .data)
  COUCHDB_URLS       the CouchDB servers with admin credentials, in the order of the nodes, separated by commas
  MESH_SELF_URLS     the mailbox nodes, each as its own CouchDB reaches it, with the credentials by which that writes
                     what the mesh brings (MESH_SELF_URL of the mailbox nodes)
  MESH_PEERS         node1=http://user:password@host:3001,node2=...: the mailbox nodes as the others' CouchDBs reach
                     them, with the credentials by which these read (as the mailbox nodes have it); setting it turns to
                     this cluster
  NODES_HERE         names of the nodes whose CouchDBs are on this server (default all): on the others there are other admins,
                     and these commands leave them alone
  MASTER_URLS        masters, for status
  MAILBOX_NODE_URLS  mailbox nodes, for status
  DATABASE_PREFIX, BUCKET_SPAN_DAYS, MESSAGE_TTL_DAYS  as the mailbox nodes have them
`.trim();

/**
 * The cluster of the environment's MESH_PEERS, otherwise the one that runs on the data folder.
 *
 * @throws ConfigError when there is neither, or the variables do not fit
 */
export const findTarget = async (
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Target> => {
  const read = readEnvironment(environment, variables);
  const span = {
    bucketSpanDays: read.BUCKET_SPAN_DAYS,
    messageTtlMs: read.MESSAGE_TTL_DAYS,
  };
  if (read.MESH_PEERS === undefined) {
    const running = await findRunningCluster(read.DATA_DIR);
    if (running === null) {
      throw new ConfigError(
        `No cluster runs on ${read.DATA_DIR}. Start one (npm start), or name another by COUCHDB_URLS, MESH_SELF_URLS and MESH_PEERS.`,
      );
    }
    return {
      nodes: running.couches,
      elsewhere: [],
      scope: { databasePrefix: running.databasePrefix, ...span },
      masterUrls: running.masterUrls,
      mailboxNodeUrls: running.mailboxNodes.map(({ url }) => url),
    };
  }
  const { MESH_PEERS, COUCHDB_URLS = [], MESH_SELF_URLS = [] } = read;
  const selves = MESH_SELF_URLS.map(serverOf);
  /** A node may be reached by other names from its own CouchDB and from the others: only one that both name must have the same place. */
  const isMoved = MESH_PEERS.map(({ url }) => serverOf(url)).some(
    (node, index) => selves.includes(node) && selves[index] !== node,
  );
  if (isMoved || [COUCHDB_URLS, selves].some(({ length }) => length !== MESH_PEERS.length)) {
    throw new ConfigError(
      'COUCHDB_URLS, MESH_SELF_URLS and MESH_PEERS must name the same nodes in the same order',
    );
  }
  const nodes = MESH_PEERS.map(({ name, url: readerUrl }, index) => ({
    name,
    readerUrl,
    adminUrl: COUCHDB_URLS[index] ?? '',
    meshUrl: MESH_SELF_URLS[index] ?? '',
  }));
  const here = new Set(read.NODES_HERE ?? nodes.map(({ name }) => name));
  const unknown = [...here].find((name) => !nodes.some((node) => node.name === name));
  if (unknown !== undefined) throw new ConfigError(`NODES_HERE: MESH_PEERS has no node ${unknown}`);
  return {
    nodes: nodes.filter(({ name }) => here.has(name)),
    elsewhere: nodes
      .filter(({ name }) => !here.has(name))
      .map(({ name, readerUrl }) => ({ name, readerUrl })),
    scope: { databasePrefix: read.DATABASE_PREFIX ?? '', ...span },
    masterUrls: read.MASTER_URLS ?? [],
    mailboxNodeUrls: read.MAILBOX_NODE_URLS ?? [],
  };
};
