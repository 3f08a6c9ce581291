import { connectCouch, couchRequest } from '@restante/service-kit';
import { z } from 'zod';
import type { MeshNode } from '../mesh/mesh-node.ts';

/** How full one database of one node is. */
export type DatabaseCount = {
  readonly node: string;
  readonly database: string;
  readonly documents: number;
  readonly deleted: number;
  /** Messages that wait in a bucket, those that have expired and not been dropped yet included. */
  readonly waiting: number;
};

const TIMEOUT_MS = 10_000;
/** A node goes over to a fresh canary every few hundred writes, so a bucket never has many. */
const MOST_CANARIES = 10_000;

const databaseInfo = z.object({ doc_count: z.int(), doc_del_count: z.int() });
const idRows = z.object({ rows: z.array(z.object({ id: z.string() })) });

/** Counts a database. Rejects when the node does not answer or does not have it. */
export const countDatabase = async (
  node: MeshNode,
  database: string,
  isBucket: boolean,
): Promise<DatabaseCount> => {
  await using server = connectCouch(node.adminUrl, TIMEOUT_MS);
  /** By these the nodes measure the mesh's lag. */
  const countCanaries = async (): Promise<number> => {
    const qs = { startkey: 'canary:', endkey: 'canary:~', limit: MOST_CANARIES };
    return idRows.parse(await couchRequest(server, { db: database, path: '_all_docs', qs })).rows.length;
  };
  const [info, canaries] = await Promise.all([
    couchRequest(server, { db: database }),
    isBucket ? countCanaries() : 0,
  ]);
  const { doc_count: documents, doc_del_count: deleted } = databaseInfo.parse(info);
  const waiting = isBucket ? documents - canaries : 0;
  return { node: node.name, database, documents, deleted, waiting };
};
