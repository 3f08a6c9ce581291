import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AccountId, Username } from '@restante/protocol';
import { isRemoval, type DirectoryKind, type Removal, type UsernameDocument } from './directory-documents.ts';
import { mergePages, type KeyPage } from './key-page.ts';

/**
 * Which of the contradicting revisions of a document holds, when masters wrote on two sides of a partition. Each
 * strategy is a total order of the leaves, so every master finds the same one, in whatever order it sees them.
 */

/** A leaf of a document's revision tree; `document` is null when it is a deletion. */
export type Leaf<D> = { readonly rev: string; readonly document: D | null };

/** The leaf that stays, and the live ones to delete. `merged`: what the former is to hold from then on. */
export type Resolution = {
  readonly winner: string;
  readonly losers: readonly string[];
  readonly merged?: object;
};

export type Strategy<D> = {
  readonly name: string;
  /** Null when the leaves do not contradict each other. */
  readonly resolve: (leaves: readonly Leaf<D>[]) => Resolution | null;
};

export type Live<D> = { readonly rev: string; readonly document: D };

export const liveOf = <D>(leaves: readonly Leaf<D>[]): Live<D>[] =>
  leaves.flatMap(({ rev, document }) => (document === null ? [] : [{ rev, document }]));

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** How many edits led to a revision, itself included. */
export const generationOf = (rev: string): number => Number.parseInt(rev, 10);

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

/** Which of a document's forms at several servers holds. */
const formBy =
  <B>(compare: (a: B, b: B) => number) =>
  <D extends B & { readonly _rev: string }>(forms: readonly [D, ...D[]]): D =>
    forms.reduce((a, b) => ((compare(a, b) || byText(a._rev, b._rev)) <= 0 ? a : b));

const lifeOf = ({ life = 1 }: UsernameDocument): number => life;

/** The later life, of one life its end; of two that know nothing of each other the earliest. */
const byLife = (a: UsernameDocument, b: UsernameDocument): number => {
  if (lifeOf(a) !== lifeOf(b)) return lifeOf(b) - lifeOf(a);
  if (isRemoval(a) || isRemoval(b)) return Number(isRemoval(b)) - Number(isRemoval(a));
  return a.createdAt - b.createdAt || byText(a.accountId, b.accountId);
};

/** Who was first keeps a username, until it is free. */
export const earliestWins: Strategy<UsernameDocument> = {
  name: 'earliest-wins',
  resolve: firstOf(byLife),
};

/** As {@link earliestWins}. */
export const holderOf = formBy(byLife);

type Dated = Removal | { readonly createdAt: number; readonly updatedAt: number };

const bornAt = (document: Dated): number =>
  'removedAt' in document ? document.removedAt : document.createdAt;

const byAge = (a: Dated, b: Dated): number => bornAt(b) - bornAt(a) || b.updatedAt - a.updatedAt;

/**
 * Accounts, devices and invites: the newest life wins, and of one life the newest update. A removal begins a life, so it wins
 * over any update of what it removed, and loses to what was set up after it.
 */
export const newestWins: Strategy<Dated> = {
  name: 'newest-wins',
  resolve: firstOf(byAge),
};

/** As {@link newestWins}. */
export const newestOf = formBy(byAge);

/** Whether a leaf has the longer history, or the higher hash: the one that stands for its document at a CouchDB. */
const byRevision = (a: string, b: string): number => generationOf(b) - generationOf(a) || byText(b, a);

/** What live leaves of a page say together, and the revision to write it over; null when there are none. */
export const mergeLeaves = (
  leaves: readonly Leaf<KeyPage>[],
): { readonly page: KeyPage; readonly over: { readonly _rev: string } } | null => {
  const [first, ...others] = liveOf(leaves).sort((a, b) => byRevision(a.rev, b.rev));
  if (!first) return null;
  const { ec, kyber } = mergePages([first.document, ...others.map(({ document }) => document)]);
  return { page: { ec, kyber }, over: { _rev: first.rev } };
};

/** A one-time key that was used on either side is used: the leaf that stays takes what all say. */
export const usedWins: Strategy<KeyPage> = {
  name: 'used-wins',
  resolve: (leaves) => {
    const merged = mergeLeaves(leaves);
    const losers = liveOf(leaves).flatMap(({ rev }) => (rev === merged?.over._rev ? [] : [rev]));
    if (merged === null || losers.length === 0) return null;
    return { winner: merged.over._rev, losers: losers.sort(byText), merged: merged.page };
  },
};

const strategies: Record<DirectoryKind, Strategy<object>> = {
  username: earliestWins as Strategy<object>,
  account: newestWins as Strategy<object>,
  device: newestWins as Strategy<object>,
  keys: usedWins as Strategy<object>,
  invite: newestWins as Strategy<object>,
};

export type Verdict =
  /** There is nothing to resolve. */
  | { readonly name: 'agreed' }
  /** Leaves contradict each other and none is what it should be: nobody but a person can say which holds. */
  | { readonly name: 'unresolvable' }
  | { readonly name: 'resolved'; readonly strategy: string; readonly resolution: Resolution };

/** What becomes of the leaves of a document. One that is not what it should be loses to any that is (laws 12 and 16). */
export const judge = (
  kind: DirectoryKind,
  leaves: readonly Leaf<object>[],
  isFit: (leaf: Live<object>) => boolean,
): Verdict => {
  const { name: strategy, resolve } = strategies[kind];
  const unfit = liveOf(leaves).flatMap((leaf) => (isFit(leaf) ? [] : [leaf.rev]));
  const fit = leaves.filter(({ rev }) => !unfit.includes(rev));
  const [first] = liveOf(fit);
  if (!first) return { name: unfit.length > 1 ? 'unresolvable' : 'agreed' };
  const resolution = resolve(fit) ?? { winner: first.rev, losers: [] };
  const losers = [...resolution.losers, ...unfit.sort(byText)];
  if (losers.length === 0) return { name: 'agreed' };
  return { name: 'resolved', strategy, resolution: { ...resolution, losers } };
};

/** Whether a leaf says what those that are held do not: none is held, or it wins over them, or they say more with it. */
export const saysMore = (kind: DirectoryKind, held: readonly Live<object>[], leaf: Live<object>): boolean => {
  if (held.length === 0) return true;
  if (kind !== 'keys') return strategies[kind].resolve([...held, leaf])?.winner === leaf.rev;
  const pages = held as readonly Live<KeyPage>[];
  const [before, after] = [mergeLeaves(pages), mergeLeaves([...pages, leaf as Live<KeyPage>])];
  return !isDeepStrictEqual(before?.page, after?.page);
};

const sayingOf = (document: object): object =>
  Object.fromEntries(Object.entries(document).filter(([field]) => field !== 'signature'));

/** Whether a leaf takes back nothing of what another one says: it says the same, or wins over it. */
export const keeps = (kind: DirectoryKind, before: Live<object>, leaf: Live<object>): boolean =>
  isDeepStrictEqual(sayingOf(before.document), sayingOf(leaf.document)) || !saysMore(kind, [leaf], before);

/** What a document is to say when a leaf wins over another one, or when both say something. */
export const together = (kind: DirectoryKind, held: Live<object>, winner: Live<object>): object =>
  kind === 'keys'
    ? mergePages([held, winner].map(({ document }) => document) as [KeyPage, KeyPage])
    : winner.document;

/** The one of several leaves that holds; null when there is none. */
export const bestOf = (kind: DirectoryKind, leaves: readonly Live<object>[]): Live<object> | null =>
  leaves.reduce<Live<object> | null>(
    (held, leaf) => (held === null || saysMore(kind, [held], leaf) ? leaf : held),
    null,
  );

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
