import type { PouchDocument } from 'pouchdb-core';
import type { Database } from '../storage/database.ts';
import type { DocumentEntry } from '../storage/document-entry.ts';
import { lineOf } from '../storage/revision-tree.ts';
import { describeDocument } from './read-document.ts';

export type OpenRevision = { ok: PouchDocument } | { missing: string };

export interface OpenRevisionsRequest {
  id: string;
  /** Those named, or every leaf. */
  revs: string[] | 'all';
}

export interface OpenRevisionsOptions {
  /** With the ancestors in `_revisions`. */
  revs: boolean;
  /** The leaves that have come of a revision in its place. */
  latest: boolean;
  attachments: boolean;
}

/** Reads revisions of many documents; for every request a list, empty when all leaves of nothing are asked for. */
export async function readOpenRevisions(
  database: Database,
  requests: OpenRevisionsRequest[],
  { latest, ...options }: OpenRevisionsOptions,
): Promise<OpenRevision[][]> {
  const entries = await database.entries(requests.map(({ id }) => id));
  const wanted = requests.flatMap(({ revs }, request) => {
    const entry = entries[request];
    return select(entry, revs, latest).map((rev) => ({ request, entry, rev }));
  });
  const known = wanted.flatMap(({ entry, rev }) => (entry === undefined ? [] : [{ entry, rev }]));
  const bodies = (await database.bodies(known)).values();

  const answers: OpenRevision[][] = requests.map(() => []);
  for (const { request, entry, rev } of wanted) {
    const body = entry === undefined ? undefined : bodies.next().value;
    const revision =
      entry === undefined || body === undefined
        ? { missing: rev }
        : { ok: await describeDocument(database, entry, body, options) };
    answers[request]?.push(revision);
  }
  return answers;
}

function select(entry: DocumentEntry | undefined, revs: string[] | 'all', latest: boolean): string[] {
  if (revs === 'all') return entry?.leaves.map(({ rev }) => rev) ?? [];
  if (!latest || entry === undefined) return revs;
  const leaves = entry.leaves;
  const chosen = revs.flatMap((rev) => {
    const descendants = leaves.filter((leaf) => lineOf(leaf).some((ancestor) => ancestor.rev === rev));
    return descendants.length > 0 ? descendants.map((leaf) => leaf.rev) : [rev];
  });
  return [...new Set(chosen)];
}
