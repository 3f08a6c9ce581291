import { promised } from '../../../promised.ts';
import { memoryVault, type MemoryDisk } from '../../memory-vault.ts';
import type { Beside, VaultDisk } from '../vault-disk.ts';

/** What outlives a vault in memory: its tables, and what is kept beside them. */
export type Memory = { readonly tables: MemoryDisk; readonly beside: Map<Beside, unknown> };

export const newMemory = (): Memory => ({ tables: new Map(), beside: new Map() });

/** A disk in memory. `beforeWrite` may throw: then nothing is written. */
export const memoryDisk = (
  { tables, beside }: Memory,
  beforeWrite: () => void = () => undefined,
): VaultDisk => {
  const vault = memoryVault(tables);
  return {
    ...vault,
    commit: async (changes) => {
      beforeWrite();
      await vault.commit(changes);
    },
    readBeside: (name) => Promise.resolve(beside.get(name)),
    writeBeside: (name, value) =>
      promised(() => {
        beforeWrite();
        if (value === undefined) beside.delete(name);
        else beside.set(name, value);
      }),
    compact: () => Promise.resolve(),
  };
};
