import type { Vault } from '../vault.ts';

/** What is kept beside the tables. */
export type Beside = 'seal';

/** A vault as it lies on a disk, sealed or not, with what is kept beside its tables. */
export type VaultDisk = Vault & {
  readonly readBeside: (name: Beside) => Promise<unknown>;
  /** As durable as a commit; `undefined` deletes it. */
  readonly writeBeside: (name: Beside, value: unknown) => Promise<void>;
  /** Overwrites what was there before, as far as this kind of vault can. */
  readonly compact: () => Promise<void>;
};
