import { listRevisions, leavesOf, type Revision, type RevisionTree } from './revision-tree.ts';

/** What PouchDB keeps of a document beside its bodies. */
export interface StoredMetadata {
  id: string;
  /** Of the last change. */
  seq: number;
  winningRev: string;
  /** Whether the winner is a tombstone. */
  deleted: boolean;
  rev_tree: RevisionTree;
  /** Where the bodies are that are still there, by revision. */
  rev_map: Record<string, number>;
}

/** A document that is or was: its revisions, and which of them stands for it. */
export class DocumentEntry {
  readonly #metadata: StoredMetadata;
  #revisions: Revision[] | undefined;

  constructor(metadata: StoredMetadata) {
    this.#metadata = metadata;
  }

  get id(): string {
    return this.#metadata.id;
  }

  get sequence(): number {
    return this.#metadata.seq;
  }

  get winner(): string {
    return this.#metadata.winningRev;
  }

  get deleted(): boolean {
    return this.#metadata.deleted;
  }

  /** Every known one, whether its body is still there or not. */
  get revisions(): Revision[] {
    this.#revisions ??= listRevisions(this.#metadata.rev_tree);
    return this.#revisions;
  }

  /** The winner first. */
  get leaves(): Revision[] {
    return leavesOf(this.revisions);
  }

  /** The leaves beside the winner. */
  get losers(): Revision[] {
    return this.leaves.filter(({ rev }) => rev !== this.winner);
  }

  /** The sequence under which a revision's body is stored, undefined when it is not. */
  bodySequence(rev: string): number | undefined {
    return this.#metadata.rev_map[rev];
  }
}
