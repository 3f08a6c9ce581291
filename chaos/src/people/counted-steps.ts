import type { Vault } from '@restante/client';
import type { Death, StepKind } from './requests.ts';

/** What a messenger waits for, counted, so that it can be killed at each of it. */
export type CountedSteps = {
  readonly vault: (inner: Vault) => Vault;
  readonly fetch: typeof globalThis.fetch;
  readonly WebSocket: typeof globalThis.WebSocket;
  /** The death that waits for it from now on; null: none. */
  readonly dieAt: (death: Death | null) => void;
};

/** `die`: ends the process, though perhaps not before it returns: nothing is done any more. */
export const countedSteps = (die: () => void): CountedSteps => {
  let death: Death | null = null;
  let left = 0;
  let isDying = false;
  const end = (): void => {
    isDying = true;
    die();
  };

  /** Counts a step, which may be the last thing that happens. */
  const dueAt = (kind: StepKind): Death['when'] | null => {
    if (isDying || death === null || (death.at !== 'any' && death.at !== kind)) return null;
    left -= 1;
    return left === 0 ? death.when : null;
  };
  const step = async <T>(kind: StepKind, act: () => Promise<T>): Promise<T> => {
    const due = dueAt(kind);
    if (due === 'before') end();
    try {
      return await (isDying ? new Promise<never>(() => undefined) : act());
    } finally {
      if (due === 'after') end();
      if (isDying) await new Promise(() => undefined);
    }
  };

  return {
    vault: (inner) => ({
      ...inner,
      get: (table, key) => step('read', () => inner.get(table, key)),
      getMany: (table, keys) => step('read', () => inner.getMany(table, keys)),
      list: (table, range) => step('read', () => inner.list(table, range)),
      commit: (changes) => step('commit', () => inner.commit(changes)),
    }),
    fetch: (input, init) => step('request', () => globalThis.fetch(input, init)),
    WebSocket: class extends globalThis.WebSocket {
      override send(data: Parameters<WebSocket['send']>[0]): void {
        const due = dueAt('frame');
        if (due === 'before') end();
        if (!isDying) super.send(data);
        if (due === 'after') end();
      }
    },
    dieAt: (next) => {
      death = next;
      left = next?.count ?? 0;
    },
  };
};
