/** One root and what has come of it, as PouchDB stores it. */
export type RevisionTree = { pos: number; ids: RevisionBranch }[];

/** Hash, state and children. */
type RevisionBranch = [string, { status: 'available' | 'missing'; deleted?: boolean }, RevisionBranch[]];

export interface Revision {
  rev: string;
  generation: number;
  hash: string;
  deleted: boolean;
  leaf: boolean;
  parent: Revision | undefined;
}

export function listRevisions(tree: RevisionTree): Revision[] {
  const revisions: Revision[] = [];
  const pending: { generation: number; branch: RevisionBranch; parent: Revision | undefined }[] = tree.map(
    ({ pos, ids }) => ({ generation: pos, branch: ids, parent: undefined }),
  );
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

/** A revision and what it comes of, back to the first that is known. */
export function lineOf(revision: Revision): Revision[] {
  const line: Revision[] = [];
  for (let next: Revision | undefined = revision; next !== undefined; next = next.parent) line.push(next);
  return line;
}
