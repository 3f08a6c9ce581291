import { LRUCache } from 'lru-cache';

/**
 * What owners have deleted before it came here, by the ids of its documents: it ends when it comes. In memory alone, so that what never was costs
 * no disk. What a restart or the bound takes from it waits here until its owner reads the mailbox, who shows it to nobody and deletes it again.
 */
export type EarlyDeletions = {
  readonly note: (documentId: string) => void;
  readonly has: (documentId: string) => boolean;
  /** It has come, and was deleted. */
  readonly done: (documentId: string) => void;
};

const MAX_DELETIONS = 50_000;

export const createEarlyDeletions = (): EarlyDeletions => {
  const deletions = new LRUCache<string, true>({ max: MAX_DELETIONS });
  return {
    note: (id) => void deletions.set(id, true),
    has: (id) => deletions.has(id),
    done: (id) => void deletions.delete(id),
  };
};
