import type { MemoryDisk } from '../../vault/memory-vault.ts';
import { copyOf, type Planted } from './scripted-world.ts';

/** Puts a disk back to what it was. */
const putBack = (disk: MemoryDisk, before: MemoryDisk): void => {
  disk.clear();
  for (const [table, rows] of before) disk.set(table, rows);
};

/** Faults of what a messenger rests on, each of which breaks a promise that people see. */
export const PLANTED: Readonly<Record<string, Planted>> = {
  'a vault that says that it has kept what it has not': {
    vault: (vault, disk) => {
      let before = copyOf(disk);
      return {
        vault: {
          ...vault,
          commit: (changes) => {
            before = copyOf(disk);
            return vault.commit(changes);
          },
        },
        die: () => putBack(disk, before),
      };
    },
  },
  'a vault that forgets what it has taken': {
    vault: (vault) => ({
      vault: {
        ...vault,
        getMany: (table, keys) =>
          table === 'seenIds' ? Promise.resolve(keys.map(() => undefined)) : vault.getMany(table, keys),
      },
    }),
  },
  'a master that accepts and does not store': {
    carry: () => (_node, _arrive, answered) => answered(true),
  },
};
