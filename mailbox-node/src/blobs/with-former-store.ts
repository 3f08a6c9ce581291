import type { BlobStore } from './blob-store.ts';

/** A store that parts go to, where an earlier one has what was put before: that is given until it has expired. */
export const withFormerStore = (store: BlobStore, former: BlobStore): BlobStore => ({
  ...store,
  get: async (blob, part) => (await store.get(blob, part)) ?? (await former.get(blob, part)),
});
