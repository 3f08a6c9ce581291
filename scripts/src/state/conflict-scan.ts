import { connectCouch, CouchError, toCouchError } from '@restante/service-kit';
import { z } from 'zod';
import type { MeshNode } from '../mesh/mesh-node.ts';

/** A document with more than one live leaf: nobody has resolved it yet. */
export type LiveConflict = {
  readonly node: string;
  readonly database: string;
  readonly id: string;
  /** The losing leaves. */
  readonly revisions: readonly string[];
};

const PAGE = 2_000;
const TIMEOUT_MS = 30_000;

const changesPage = z.object({
  results: z.array(z.object({ id: z.string(), changes: z.array(z.object({ rev: z.string() })) })),
  last_seq: z.union([z.string(), z.number()]),
});
const withConflicts = z.object({ _conflicts: z.array(z.string()).default([]) });

/** A document that is gone has no conflict. One that could not be read may have: that is told. */
const unlessGone = (thrown: unknown): object => {
  const error = toCouchError(thrown);
  const isGone = error instanceof CouchError && error.statusCode === 404;
  if (isGone && (error.reason === 'deleted' || error.reason === 'missing')) return {};
  throw error;
};

/**
 * Finds live conflicts on one node. Reads all changes the first time, and only what is new the next times. Rejects
 * when the node does not answer, or a document cannot be read.
 */
export const createConflictScan = (node: MeshNode): ((database: string) => Promise<LiveConflict[]>) => {
  type Progress = { since: string | number; readonly suspects: Set<string> };
  const progress = new Map<string, Progress>();

  return async (database) => {
    await using server = connectCouch(node.adminUrl, TIMEOUT_MS);
    const seen: Progress = progress.get(database) ?? { since: 0, suspects: new Set() };
    progress.set(database, seen);
    for (;;) {
      const page = changesPage.parse(
        await server.request({
          db: database,
          path: '_changes',
          qs: { since: seen.since, limit: PAGE, style: 'all_docs' },
        }),
      );
      // More than one leaf, of which some may be deleted.
      for (const { id, changes } of page.results) {
        if (changes.length > 1) seen.suspects.add(id);
        else seen.suspects.delete(id);
      }
      seen.since = page.last_seq;
      if (page.results.length < PAGE) break;
    }
    const conflicts: LiveConflict[] = [];
    for (const id of seen.suspects) {
      const document: unknown = await server
        .request({ db: database, path: encodeURIComponent(id), qs: { conflicts: true } })
        .catch(unlessGone);
      const { _conflicts: revisions } = withConflicts.parse(document);
      if (revisions.length > 0) conflicts.push({ node: node.name, database, id, revisions });
    }
    return conflicts;
  };
};
