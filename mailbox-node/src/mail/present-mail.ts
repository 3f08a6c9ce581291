import { LRUCache } from 'lru-cache';

/**
 * Mail that this process has put on the disk and nobody has deleted since, by the ids of its documents: the store need not be asked for it before
 * it is deleted, as most is a moment after it came. What the bound takes from it is looked for.
 */
export type PresentMail = {
  readonly note: (documentIds: readonly string[]) => void;
  /** Takes those of the ids that are known to be here: who deletes them now is the only one. */
  readonly take: (documentIds: readonly string[]) => ReadonlySet<string>;
};

/** Some 200 bytes each. */
const MAX_MESSAGES = 20_000;

export const createPresentMail = (): PresentMail => {
  const present = new LRUCache<string, true>({ max: MAX_MESSAGES });
  return {
    note: (ids) => {
      for (const id of ids) present.set(id, true);
    },
    take: (ids) => new Set(ids.filter((id) => present.delete(id))),
  };
};
