import type { Vault } from '../../index.ts';

/** When a process dies: around its commit number `at` (1: the next). */
export type Death = { readonly at: number; readonly when: 'before' | 'after' };

/** A vault whose process dies, unless it lives: from then on nothing reaches it any more. */
export const dyingVault = (vault: Vault, death?: Death) => {
  let { at, when } = death ?? { at: Infinity, when: 'before' };
  let commits = 0;
  let dead = false;
  return {
    isDead: () => dead,
    /** It dies then, counted from now. */
    dieAt: (next: Death): void => {
      at = commits + next.at;
      when = next.when;
    },
    dieNow: (): void => {
      dead = true;
    },
    vault: {
      ...vault,
      commit: async (changes) => {
        commits += 1;
        if (dead || (commits >= at && when === 'before')) {
          dead = true;
          throw new Error('the process has died');
        }
        await vault.commit(changes);
        if (commits < at) return;
        dead = true;
        throw new Error('the process has died');
      },
    } satisfies Vault,
  };
};
