import type { Vault } from '../../index.ts';

/** A vault that can be told to fail for a while: `failures` times in a row, from its operation number `from` (1: the next). */
export const failingVault = (vault: Vault) => {
  let operations = 0;
  let first = Infinity;
  let last = -Infinity;
  let name = 'Error';
  const attempt = <R>(operation: () => Promise<R>): Promise<R> => {
    operations += 1;
    if (operations < first || operations > last) return operation();
    return Promise.reject(Object.assign(new Error('the disk has failed'), { name }));
  };
  return {
    failFrom: (from: number, failures: number, errorName = 'Error'): void => {
      first = operations + from;
      last = first + failures - 1;
      name = errorName;
    },
    /** Whether it was asked often enough to have failed. */
    hasFailed: (): boolean => operations >= first,
    mend: (): void => void (last = -Infinity),
    vault: {
      ...vault,
      get: (table, key) => attempt(() => vault.get(table, key)),
      getMany: (table, keys) => attempt(() => vault.getMany(table, keys)),
      list: (table, range) => attempt(() => vault.list(table, range)),
      count: (table) => attempt(() => vault.count(table)),
      commit: (changes) => attempt(() => vault.commit(changes)),
    } satisfies Vault,
  };
};
