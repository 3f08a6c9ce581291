import type { Law } from '../checker/violation.ts';

/** A piece of source text that is replaced when its module is loaded. */
export type Patch = {
  /** Path from the root of the repository. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly put: string;
};

/** A mistake that the checker has to find: it is in no source of the product, but only in processes that are told to have it. */
export type Bug = {
  readonly name: string;
  /** What goes wrong, in a sentence. */
  readonly what: string;
  readonly patches: readonly Patch[];
  /** Any of these laws shows it. */
  readonly laws: readonly Law[];
  /** Options of `npm run chaos` under which it shows soon. */
  readonly args: readonly string[];
};
