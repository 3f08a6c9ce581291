import type { Addressee } from './bus.ts';

/** Whom events are for and who is followed, each as often as somebody here wants to. */
export type FollowedAddressees = {
  /** True when nobody did before. */
  readonly follow: (addressee: Addressee) => boolean;
  /** True when nobody does any more. */
  readonly unfollow: (addressee: Addressee) => boolean;
  readonly has: (addressee: Addressee) => boolean;
  readonly all: () => Iterable<Addressee>;
  readonly size: () => number;
};

export const createFollowedAddressees = (): FollowedAddressees => {
  const counts = new Map<Addressee, number>();
  return {
    follow: (addressee) => {
      const count = counts.get(addressee) ?? 0;
      counts.set(addressee, count + 1);
      return count === 0;
    },
    unfollow: (addressee) => {
      const count = counts.get(addressee) ?? 0;
      if (count > 1) counts.set(addressee, count - 1);
      else counts.delete(addressee);
      return count === 1;
    },
    has: (addressee) => counts.has(addressee),
    all: () => counts.keys(),
    size: () => counts.size,
  };
};
