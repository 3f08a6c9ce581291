import type { AccountId } from '@restante/protocol';

/** Accounts that are followed, each as often as somebody here wants to. */
export type FollowedAccounts = {
  /** True when nobody did before. */
  readonly follow: (account: AccountId) => boolean;
  /** True when nobody does any more. */
  readonly unfollow: (account: AccountId) => boolean;
  readonly has: (account: AccountId) => boolean;
  readonly all: () => Iterable<AccountId>;
  readonly size: () => number;
};

export const createFollowedAccounts = (): FollowedAccounts => {
  const counts = new Map<AccountId, number>();
  return {
    follow: (account) => {
      const count = counts.get(account) ?? 0;
      counts.set(account, count + 1);
      return count === 0;
    },
    unfollow: (account) => {
      const count = counts.get(account) ?? 0;
      if (count > 1) counts.set(account, count - 1);
      else counts.delete(account);
      return count === 1;
    },
    has: (account) => counts.has(account),
    all: () => counts.keys(),
    size: () => counts.size,
  };
};
