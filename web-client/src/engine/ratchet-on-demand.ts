import type { Ratchet } from '@restante/client';
import { codeOnDemand } from '@restante/client/code-on-demand';

export type RatchetOnDemand = {
  readonly ratchet: Ratchet;
  /** Has the code at hand. Throws MessengerError `unreachable` when it cannot be fetched; may be tried again. */
  readonly load: () => Promise<unknown>;
};

/** A ratchet whose code, a third of the engine's, is fetched when it is needed: who has no account yet does without. */
export const ratchetOnDemand = (fetchCode: () => Promise<Ratchet>): RatchetOnDemand => {
  const load = codeOnDemand(fetchCode);
  return {
    load,
    ratchet: {
      createKeys: async (...args) => (await load()).createKeys(...args),
      createSignedKeys: async (...args) => (await load()).createSignedKeys(...args),
      createPreKeys: async (...args) => (await load()).createPreKeys(...args),
      startSession: async (...args) => (await load()).startSession(...args),
      encrypt: async (...args) => (await load()).encrypt(...args),
      neededKeys: async (...args) => (await load()).neededKeys(...args),
      decrypt: async (...args) => (await load()).decrypt(...args),
    },
  };
};
