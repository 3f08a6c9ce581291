import type { StoredRow } from '../migrations/migration.ts';
import type { PassphraseChange } from '../sealing/open-vault.ts';
import type { Vault } from '../vault.ts';

/** What the page offers to the test, as `vaultPage`: vaults by number, their methods by name. */
export type VaultPage = {
  readonly open: (name: string, passphrase?: string) => Promise<number>;
  readonly changePassphrase: (name: string, change: PassphraseChange) => Promise<void>;
  /** What lies at two keys of a table changes places. */
  readonly exchange: (name: string, table: string, one: string, other: string) => Promise<void>;
  /** Has the device key of another vault, or none, in place of its own. */
  readonly takeDeviceKey: (name: string, from: string | null) => Promise<void>;
  readonly exportDeviceKey: (name: string) => Promise<void>;
  readonly call: (vault: number, method: keyof Vault, args: readonly unknown[]) => Promise<unknown>;
  /** Reads all the time, in every way, until the vault is told of its loss. Answers with the rejections that nobody caught. */
  readonly readUntilLost: (vault: number) => Promise<readonly string[]>;
  /** Makes a database of another version, with these rows and no other tables than theirs. */
  readonly makeOther: (name: string, version: number, rows: readonly StoredRow[]) => Promise<void>;
  /** A database as it lies there, whatever its version. */
  readonly readAsIs: (name: string) => Promise<{ readonly version: number; readonly rows: StoredRow[] }>;
  /** Opens a vault whose way to this version ends at a row after so many others: by an error, or for good, which `report` hears. */
  readonly openHalfWay: (name: string, rows: number, end: 'error' | 'for good') => Promise<number>;
  readonly remove: (name: string) => Promise<void>;
  /** Commits to two tables at once, again and again, and reports each commit to `report(count)`. */
  readonly writeForEver: (name: string) => Promise<never>;
};

/** Stands for a value that cannot be cloned, which cannot be sent to the page either. */
export const UNCLONABLE = 'a value that cannot be cloned';
