import { connectCouch, couchRequest } from '@restante/service-kit';
import { z } from 'zod';
import type { MeshNode } from '../mesh/mesh-node.ts';

/** What a master leaves in the directory when it has resolved a conflict: `conflict:<time>:<hash>`. */
const resolvedConflict = z.looseObject({ _id: z.string() });
export type ResolvedConflict = z.infer<typeof resolvedConflict>;

const rows = z.object({ rows: z.array(z.object({ doc: resolvedConflict })) });

const TIMEOUT_MS = 10_000;
const MOST = 10_000;

/** Reads the notes on one node, oldest first. Rejects when it does not answer. */
export const readResolvedConflicts = async (
  node: MeshNode,
  directory: string,
): Promise<ResolvedConflict[]> => {
  await using server = connectCouch(node.adminUrl, TIMEOUT_MS);
  const answer: unknown = await couchRequest(server, {
    db: directory,
    path: '_all_docs',
    qs: { startkey: 'conflict:', endkey: 'conflict;', include_docs: true, limit: MOST },
  });
  return rows.parse(answer).rows.map(({ doc }) => doc);
};
