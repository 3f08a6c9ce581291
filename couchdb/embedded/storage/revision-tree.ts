import type { PouchRevisionBranch, PouchRevisionNode } from 'pouchdb-core';

import { generationOf } from '../documents/revision.ts';

export interface Revision {
  rev: string;
  generation: number;
  hash: string;
  deleted: boolean;
  leaf: boolean;
  parent: Revision | undefined;
}

/** Every revision a document is known to have had, whether its body is still there or not. */
export function listRevisions(tree: PouchRevisionNode[]): Revision[] {
  const revisions: Revision[] = [];
  const pending: { generation: number; branch: PouchRevisionBranch; parent: Revision | undefined }[] =
    tree.map(({ pos, ids }) => ({ generation: pos, branch: ids, parent: undefined }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { generation, branch, parent } = next;
    const [hash, { deleted = false }, children] = branch;
    const leaf = children.length === 0;
    const revision = { rev: `${generation}-${hash}`, generation, hash, deleted, leaf, parent };
    revisions.push(revision);
    for (const child of children)
      pending.push({ generation: generation + 1, branch: child, parent: revision });
  }
  return revisions;
}

/** The leaves, the winner first: what lives before what is deleted, then the longer history, then the higher hash. */
export function leavesOf(revisions: Revision[]): Revision[] {
  return revisions
    .filter(({ leaf }) => leaf)
    .sort(
      (a, b) =>
        Number(a.deleted) - Number(b.deleted) || b.generation - a.generation || (a.hash < b.hash ? 1 : -1),
    );
}

/** Revisions from the newest to the oldest, by generation and then by hash. */
export function newestFirst(revs: string[]): string[] {
  return revs.toSorted((a, b) => generationOf(b) - generationOf(a) || (a < b ? 1 : -1));
}

/** The leaves that have come of a revision: itself when it is one. */
export function leavesUnder(revisions: Revision[], rev: string): Revision[] {
  return leavesOf(revisions).filter((leaf) => {
    let ancestor: Revision | undefined = leaf;
    while (ancestor !== undefined && ancestor.rev !== rev) ancestor = ancestor.parent;
    return ancestor !== undefined;
  });
}
