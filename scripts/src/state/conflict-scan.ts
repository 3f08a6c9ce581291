import {
  CONFLICT_SCAN,
  connectCouch,
  CouchError,
  couchRequest,
  readCheckpoint,
  toCouchError,
  writeCheckpoint,
  type About,
  type CouchServer,
} from '@restante/service-kit';
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

/** How far it was read is kept in the node's own database after so many changes, so that a later scan reads what has come since. */
const KEEP_EVERY = 100;
/** While more documents contradict themselves the place is not kept. */
const MAX_SUSPECTS = 1_000;
const checkpoint = z.object({ suspects: z.array(z.string()) });

const changesPage = z.object({
  results: z.array(z.object({ id: z.string(), changes: z.array(z.object({ rev: z.string() })) })),
  last_seq: z.union([z.string(), z.number()]).transform(String),
});
const withConflicts = z.object({ _conflicts: z.array(z.string()).default([]) });

/** A document that is gone has no conflict. One that could not be read may have: that is told. */
const unlessGone = (thrown: unknown): object => {
  const error = toCouchError(thrown);
  const isGone = error instanceof CouchError && error.statusCode === 404;
  if (isGone && (error.reason === 'deleted' || error.reason === 'missing')) return {};
  throw error;
};

/** How far a scan has come. `suspects`: documents that may have a conflict. */
type Progress = { sequence: string; unkept: number; readonly suspects: Set<string> };

const begin = async (server: CouchServer, about: About): Promise<Progress> => {
  const kept = await readCheckpoint(server, about, CONFLICT_SCAN, checkpoint);
  return kept?.isSound === true
    ? { sequence: kept.sequence, unkept: 0, suspects: new Set(kept.value.suspects) }
    : { sequence: '0', unkept: 0, suspects: new Set() };
};

const keep = async (server: CouchServer, about: About, progress: Progress): Promise<void> => {
  const { sequence, unkept, suspects } = progress;
  if (unkept < KEEP_EVERY || suspects.size > MAX_SUSPECTS) return;
  try {
    await writeCheckpoint(server, about, CONFLICT_SCAN, { sequence, value: { suspects: [...suspects] } });
    progress.unkept = 0;
  } catch {
    // A disk that is full, for one: what was found is told all the same, and the next scan reads it again.
  }
};

/**
 * Finds live conflicts on one node: reads the changes since the last scan, and all when it is not certain what that one read.
 * Rejects when the node does not answer, or a document cannot be read.
 */
export const createConflictScan = (
  node: MeshNode,
  /** The node's own database. */
  own: string,
  connect: typeof connectCouch = connectCouch,
): ((database: string) => Promise<LiveConflict[]>) => {
  const progress = new Map<string, Progress>();

  return async (db) => {
    await using server = connect(node.adminUrl, TIMEOUT_MS);
    const about = { node: own, database: db };
    const seen = progress.get(db) ?? (await begin(server, about));
    progress.set(db, seen);
    for (;;) {
      const qs = { since: seen.sequence, limit: PAGE, style: 'all_docs' };
      const page = changesPage.parse(await couchRequest(server, { db, path: '_changes', qs }));
      // More than one leaf, of which some may be deleted.
      for (const { id, changes } of page.results) {
        if (changes.length > 1) seen.suspects.add(id);
        else seen.suspects.delete(id);
      }
      seen.sequence = page.last_seq;
      seen.unkept += page.results.length;
      if (page.results.length < PAGE) break;
    }
    const conflicts: LiveConflict[] = [];
    for (const id of seen.suspects) {
      const document: unknown = await couchRequest(server, {
        db,
        path: encodeURIComponent(id),
        qs: { conflicts: true },
      }).catch(unlessGone);
      const { _conflicts: revisions } = withConflicts.parse(document);
      if (revisions.length > 0) conflicts.push({ node: node.name, database: db, id, revisions });
      else seen.suspects.delete(id);
    }
    await keep(server, about, seen);
    return conflicts;
  };
};
