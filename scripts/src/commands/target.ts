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
import type { MeshNode } from '../mesh/mesh-node.ts';
import { clusterCouchUrls } from './couch-urls.ts';

/** `name=url` with the readers' credentials, as mailbox nodes have it. */
const peers = namedCouchUrls.refine((nodes) => nodes.length > 1, 'needs an entry for every node');

const environment = z.object({
  DATA_DIR: z.string().default('.data'),
  COUCHDB_URLS: clusterCouchUrls.optional(),
  COUCHDB_SELF_URLS: clusterCouchUrls.optional(),
  COUCHDB_PEERS: peers.optional(),
  MASTER_URLS: httpUrls.optional(),
  MAILBOX_NODE_URLS: httpUrls.optional(),
  DATABASE_PREFIX: databasePrefix.optional(),
  BUCKET_SPAN_DAYS: z.coerce.number().int().min(1).max(365).default(10),
  MESSAGE_TTL_DAYS: messageTtlDays,
});

/** The cluster that a command is about. */
export type Target = {
  readonly nodes: readonly MeshNode[];
  readonly scope: MeshScope;
  readonly masterUrls: readonly string[];
  readonly mailboxNodeUrls: readonly string[];
};

/** Paragraph of `--help` on what {@link findTarget} reads. */
export const TARGET_HELP = `
Without more, the cluster that npm start runs on this machine. Another one is told by the environment:

  DATA_DIR           data folder of the cluster on this machine (default .data)
  COUCHDB_URLS       the CouchDB servers with admin credentials, in the order of the nodes, separated by commas
  COUCHDB_SELF_URLS  the same with the credentials of the user that writes what the mesh brings, as each server
                     reaches itself (COUCHDB_SELF_URL of the mailbox nodes)
  COUCHDB_PEERS      node1=http://user:password@host:5984,node2=...: the same with the credentials of the readers, as
                     the servers reach each other (as the mailbox nodes have it); setting it turns to this cluster
  MASTER_URLS        masters, for status
  MAILBOX_NODE_URLS  mailbox nodes, for status
  DATABASE_PREFIX, BUCKET_SPAN_DAYS, MESSAGE_TTL_DAYS  as the mailbox nodes have them
`.trim();

/**
 * The cluster of the environment's COUCHDB_PEERS, otherwise the one that runs on the data folder.
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
  if (read.COUCHDB_PEERS === undefined) {
    const running = await findRunningCluster(read.DATA_DIR);
    if (running === null) {
      throw new ConfigError(
        `No cluster runs on ${read.DATA_DIR}. Start one (npm start), or name another by COUCHDB_URLS, COUCHDB_SELF_URLS and COUCHDB_PEERS.`,
      );
    }
    return {
      nodes: running.couches,
      scope: { databasePrefix: running.databasePrefix, ...span },
      masterUrls: running.masterUrls,
      mailboxNodeUrls: running.mailboxNodes.map(({ url }) => url),
    };
  }
  const { COUCHDB_PEERS, COUCHDB_URLS = [], COUCHDB_SELF_URLS = [] } = read;
  /** A server may be reached by other names from here, from the others and from itself: only where one is named at both it must be the same. */
  const isMoved = (urls: readonly string[]): boolean => {
    const servers = urls.map(serverOf);
    return (
      servers.length !== COUCHDB_PEERS.length ||
      COUCHDB_PEERS.some(
        ({ url }, index) => servers.includes(serverOf(url)) && servers[index] !== serverOf(url),
      )
    );
  };
  if (isMoved(COUCHDB_URLS) || isMoved(COUCHDB_SELF_URLS)) {
    throw new ConfigError(
      'COUCHDB_URLS, COUCHDB_SELF_URLS and COUCHDB_PEERS must name the same servers in the same order',
    );
  }
  return {
    nodes: COUCHDB_PEERS.map(({ name, url: readerUrl }, index) => ({
      name,
      readerUrl,
      adminUrl: COUCHDB_URLS[index] ?? '',
      meshUrl: COUCHDB_SELF_URLS[index] ?? '',
    })),
    scope: { databasePrefix: read.DATABASE_PREFIX ?? '', ...span },
    masterUrls: read.MASTER_URLS ?? [],
    mailboxNodeUrls: read.MAILBOX_NODE_URLS ?? [],
  };
};
