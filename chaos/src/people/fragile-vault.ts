import type { Vault } from '@restante/client';
import type { Ailment } from './requests.ts';

/** A vault whose disk fails when it is told to. */
export type FragileVault = { readonly vault: Vault; readonly suffer: (ailment: Ailment | null) => void };

/** As the vaults themselves say that there is no room. */
const noRoom = (): DOMException => new DOMException('the disk is full', 'QuotaExceededError');

export const fragileVault = (inner: Vault): FragileVault => {
  let ailment: Ailment | null = null;
  const read = async <T>(act: () => Promise<T>): Promise<T> => {
    if (ailment?.kind === 'unreadable') throw new Error('the disk does not answer');
    return act();
  };
  return {
    vault: {
      ...inner,
      get: (table, key) => read(() => inner.get(table, key)),
      getMany: (table, keys) => read(() => inner.getMany(table, keys)),
      list: (table, range) => read(() => inner.list(table, range)),
      commit: async (changes) => {
        const { kind, ms = 0 } = ailment ?? {};
        if (kind === 'slow') await new Promise((resolve) => setTimeout(resolve, ms));
        if (kind === 'full') throw noRoom();
        if (kind === 'failing') throw new Error('the disk takes no writes');
        await inner.commit(changes);
      },
    },
    suffer: (next) => {
      ailment = next;
    },
  };
};
