/**
 * Where a device keeps parts of files, apart from its vault: many and large. They are as encrypted as at the nodes; the vault has the keys.
 * Nothing is promised: what is gone is fetched again.
 */
export type PartStore = {
  /** Throws `QuotaExceededError` when there is no room. */
  readonly put: (file: string, part: number, sealed: Uint8Array<ArrayBuffer>) => Promise<void>;
  readonly get: (file: string, part: number) => Promise<Uint8Array<ArrayBuffer> | null>;
  readonly drop: (file: string) => Promise<void>;
  /** Files of which there is something, with the bytes that they take. */
  readonly files: () => Promise<ReadonlyMap<string, number>>;
  /** Names of files of which there is something, after this one in order: the first ones, at most so many. */
  readonly names: (after: string, limit: number) => Promise<string[]>;
  readonly close: () => Promise<void>;
};
