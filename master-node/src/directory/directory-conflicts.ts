import { createHash } from 'node:crypto';
import type { AccountId, Username } from '@restante/protocol';
import type { DirectoryKind, Removal, UsernameDocument } from './directory-documents.ts';

/**
 * Which of the contradicting revisions of a document holds, when masters wrote on two sides of a partition. Each
 * strategy is a total order of the leaves, so every master finds the same one, in whatever order it sees them.
 */

/** A leaf of a document's revision tree; `document` is null when it is a deletion. */
export type Leaf<D> = { readonly rev: string; readonly document: D | null };

/** Live leaves to delete, and the one that stays; null when none does. */
export type Resolution = { readonly winner: string | null; readonly losers: readonly string[] };

export type Strategy<D> = {
  readonly name: string;
  /** Null when the leaves do not contradict each other. */
  readonly resolve: (leaves: readonly Leaf<D>[]) => Resolution | null;
};

type Live<D> = { readonly rev: string; readonly document: D };

const liveOf = <D>(leaves: readonly Leaf<D>[]): Live<D>[] =>
  leaves.flatMap(({ rev, document }) => (document === null ? [] : [{ rev, document }]));

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The first live leaf in this order stays. */
const firstOf =
  <D>(compare: (a: D, b: D) => number): Strategy<D>['resolve'] =>
  (leaves) => {
    const [winner, ...losers] = liveOf(leaves).sort(
      (a, b) => compare(a.document, b.document) || byText(a.rev, b.rev),
    );
    if (!winner || losers.length === 0) return null;
    return { winner: winner.rev, losers: losers.map(({ rev }) => rev) };
  };

/** Who was first keeps a username. */
export const earliestWins: Strategy<UsernameDocument> = {
  name: 'earliest-wins',
  resolve: firstOf((a, b) => a.createdAt - b.createdAt || byText(a.accountId, b.accountId)),
};

type Dated = Removal | { readonly createdAt: number; readonly updatedAt: number };

const bornAt = (document: Dated): number =>
  'removedAt' in document ? document.removedAt : document.createdAt;

/**
 * Accounts and devices: the newest life wins, and of one life the newest update. A removal begins a life, so it wins
 * over any update of what it removed, and loses to what was set up after it.
 */
export const newestWins: Strategy<Dated> = {
  name: 'newest-wins',
  resolve: firstOf((a, b) => bornAt(b) - bornAt(a) || b.updatedAt - a.updatedAt),
};

/** A one-time key that was used (deleted) on either side is used. */
export const usedWins: Strategy<object> = {
  name: 'used-wins',
  resolve: (leaves) => {
    const live = liveOf(leaves);
    if (live.length === leaves.length) return firstOf(() => 0)(leaves);
    return live.length === 0 ? null : { winner: null, losers: live.map(({ rev }) => rev).sort(byText) };
  },
};

const strategies: Record<DirectoryKind, Strategy<object>> = {
  username: earliestWins as Strategy<object>,
  account: newestWins as Strategy<object>,
  device: newestWins as Strategy<object>,
  prekey: usedWins,
};

export type Verdict =
  /** There is nothing to resolve. */
  | { readonly name: 'agreed' }
  /** Leaves contradict each other and none is what it should be: nobody but a person can say which holds. */
  | { readonly name: 'unresolvable' }
  | { readonly name: 'resolved'; readonly strategy: string; readonly resolution: Resolution };

/** What becomes of the leaves of a document. One that is not what it should be loses to any that is (law 16). */
export const judge = (
  kind: DirectoryKind,
  leaves: readonly Leaf<object>[],
  isFit: (document: object) => boolean,
): Verdict => {
  const { name: strategy, resolve } = strategies[kind];
  const unfit = leaves.flatMap(({ rev, document }) => (document === null || isFit(document) ? [] : [rev]));
  const fit = leaves.filter(({ rev }) => !unfit.includes(rev));
  const standing = liveOf(fit).length > 0 || (kind === 'prekey' && fit.length > 0);
  if (!standing) return { name: unfit.length > 1 ? 'unresolvable' : 'agreed' };
  const resolution = resolve(fit) ?? { winner: liveOf(fit)[0]?.rev ?? null, losers: [] };
  const losers = [...resolution.losers, ...unfit.sort(byText)];
  if (losers.length === 0) return { name: 'agreed' };
  return { name: 'resolved', strategy, resolution: { winner: resolution.winner, losers } };
};

const SUFFIX_DIGITS = [8, 16, 24];
const MAX_USERNAME = 32;

/**
 * Names for an account that lost its username, in the order in which they are tried. It keeps its id, devices and
 * mail; nobody can take it for the account that has the name.
 */
export const displacedUsernames = (username: Username, account: AccountId): Username[] => {
  const hash = createHash('sha256').update(account).digest('hex');
  return SUFFIX_DIGITS.map(
    (digits) => `${username.slice(0, MAX_USERNAME - 1 - digits)}-${hash.slice(0, digits)}`,
  );
};
