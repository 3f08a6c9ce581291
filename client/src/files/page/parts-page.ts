import type { PartStore } from '../part-store.ts';

/** What the page offers to the test, as `partsPage`: one store, by the methods of it. */
export type PartsPage = Pick<PartStore, 'put' | 'get' | 'drop' | 'names'> & {
  readonly open: (name: string) => void;
  readonly files: () => Promise<readonly (readonly [string, number])[]>;
  /** As another tab would, while the store is in use. */
  readonly remove: (name: string) => Promise<void>;
};
