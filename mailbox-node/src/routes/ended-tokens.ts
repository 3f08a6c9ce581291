import type { AccountId } from '@restante/protocol';
import { ServiceError, type TokenDevice, type TokenVerifier } from '@restante/service-kit';
import { LRUCache } from 'lru-cache';

/**
 * Mailbox tokens are of a generation of their account's device list. Once a node has seen one of a later list, earlier ones have ended: a
 * device that was removed gets no other, and the rest get theirs for their secrets. So no master has to tell, and nobody has to be asked.
 */
export type OwnerTokens = Pick<TokenVerifier, 'device' | 'master' | 'blob'> & {
  /** Whether a token of a later list has been seen since. */
  readonly isEnded: (owner: TokenDevice) => boolean;
};

/** Accounts whose newest generation is remembered, by when they last asked. */
const MAX_ACCOUNTS = 100_000;

export const createOwnerTokens = (verifier: TokenVerifier): OwnerTokens => {
  const newest = new LRUCache<AccountId, number>({ max: MAX_ACCOUNTS });
  /** Masters sign for what they do on somebody's behalf, within minutes, without a generation. */
  const isEnded = ({ accountId, generation }: TokenDevice): boolean =>
    generation !== null && generation < (newest.get(accountId) ?? 0);

  return {
    master: verifier.master,
    blob: verifier.blob,
    isEnded,
    device: async (token, audience) => {
      const owner = await verifier.device(token, audience);
      if (isEnded(owner)) throw new ServiceError('token-expired', 'the account has another device list');
      if (owner.generation !== null) newest.set(owner.accountId, owner.generation);
      return owner;
    },
  };
};
