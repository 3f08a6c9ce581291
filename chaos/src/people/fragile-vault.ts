import type { Vault } from '@restante/client';

/** A vault that fails, or takes its process with it, when it is told to. */
export type FragileVault = {
  readonly vault: Vault;
  readonly fail: (isFailing: boolean) => void;
  /** Dies at so many commits from now, before or after it. */
  readonly dieAt: (count: number, when: 'before' | 'after') => void;
};

/** `die`: ends the process, though perhaps not before it returns: nothing is written any more. */
export const fragileVault = (inner: Vault, die: () => void): FragileVault => {
  let isFailing = false;
  let death: { left: number; readonly when: 'before' | 'after' } | null = null;
  let isDying = false;
  const end = (): Promise<never> => {
    isDying = true;
    die();
    return new Promise(() => undefined);
  };
  return {
    vault: {
      ...inner,
      commit: async (changes) => {
        if (isDying) return end();
        if (isFailing) throw new Error('the disk does not answer');
        const due = death !== null && (death.left -= 1) <= 0 ? death.when : null;
        if (due === 'before') return end();
        await inner.commit(changes);
        if (due === 'after') return end();
      },
    },
    fail: (now) => {
      isFailing = now;
    },
    dieAt: (count, when) => {
      death = { left: count, when };
    },
  };
};
