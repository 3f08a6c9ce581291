import type { PouchDocument } from 'pouchdb-core';
import { CouchError } from '../couch-error.ts';
import { isMissing, type Database } from '../storage/database.ts';
import { leavesOf, leavesUnder } from '../storage/revision-tree.ts';

export type OpenRevision = { ok: PouchDocument } | { missing: string };

export interface OpenRevisionOptions {
  /** With the ancestors in `_revisions`. */
  revs: boolean;
  /** The leaves that have come of a revision in its place. */
  latest: boolean;
  attachments: boolean;
}

/** Reads revisions of one document: those named, or every leaf. None when there is no such document. */
export async function readOpenRevisions(
  database: Database,
  id: string,
  wanted: string[] | 'all',
  { latest, ...options }: OpenRevisionOptions,
): Promise<OpenRevision[]> {
  const known = wanted === 'all' || latest ? await database.revisions(id) : [];
  const revs =
    wanted === 'all'
      ? leavesOf(known).map(({ rev }) => rev)
      : new Set(wanted.flatMap((rev) => (latest ? latestOf(known, rev) : [rev])));
  return Promise.all(
    [...revs].map(async (rev): Promise<OpenRevision> => {
      try {
        return { ok: await database.read(id, { rev, ...options }) };
      } catch (failure) {
        if (failure instanceof CouchError || !isMissing(failure)) throw failure;
        return { missing: rev };
      }
    }),
  );
}

function latestOf(known: Parameters<typeof leavesUnder>[0], rev: string): string[] {
  const leaves = leavesUnder(known, rev).map((leaf) => leaf.rev);
  return leaves.length > 0 ? leaves : [rev];
}
