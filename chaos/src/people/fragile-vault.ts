import type { Vault } from '@restante/client';

/** A vault that fails, or takes its process with it, when it is told to. */
export type FragileVault = {
  readonly vault: Vault;
  readonly fail: (isFailing: boolean) => void;
  /** SIGKILL at so many commits from now, before or after it. */
  readonly dieAt: (count: number, when: 'before' | 'after') => void;
};

export const fragileVault = (inner: Vault): FragileVault => {
  let isFailing = false;
  let death: { left: number; readonly when: 'before' | 'after' } | null = null;
  const die = (): void => void process.kill(process.pid, 'SIGKILL');
  return {
    vault: {
      ...inner,
      commit: async (changes) => {
        if (isFailing) throw new Error('the disk does not answer');
        const due = death !== null && (death.left -= 1) <= 0 ? death.when : null;
        if (due === 'before') die();
        await inner.commit(changes);
        if (due === 'after') die();
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
