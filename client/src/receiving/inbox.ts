import type { Envelope, MessageId } from '@restante/protocol';
import type { Store, Transaction } from '../vault/store.ts';
import { isIntroduced } from '../sending/introduction.ts';
import { blockedSenders, standingOf } from '../people/standings.ts';
import type { PendingRow } from './acknowledger.ts';
import { applyPlaintext, type ApplyDeps, type Opened } from './apply.ts';
import { placed, type Arrivals } from './arrival.ts';
import { decodeContent } from '../content/codec.ts';
import { decryptBatch, type DecryptDeps } from './decrypt.ts';
import { prefetch } from './prefetch.ts';
import { requestRenewals, type RenewalDeps } from './renewal.ts';
import { setAside } from './set-aside.ts';

/**
 * Takes envelopes into the vault, whichever way they came. One transaction holds the messages, their ids, the
 * ratchet state and what is to be deleted from the nodes (law 3); an id is taken once (law 2). Only after it
 * has been committed are the nodes told.
 */
export type Inbox = {
  /**
   * Resolves when the envelopes are kept, but for those of devices that are not on their accounts' lists: nothing is done with them, they
   * stay in the mailbox. Answers how many were new.
   */
  readonly take: (envelopes: readonly Envelope[]) => Promise<number>;
  /** Of these ids those that have not been taken, and those that have and whose deletion is not under way. */
  readonly sift: (
    ids: readonly MessageId[],
  ) => Promise<{ readonly fresh: readonly MessageId[]; readonly returned: readonly MessageId[] }>;
};

export type InboxDeps = ApplyDeps &
  DecryptDeps &
  RenewalDeps & {
    readonly store: Store;
    readonly arrivals: Pick<Arrivals, 'now'>;
    /** These are durable: the cluster may forget them. */
    readonly onKept: (owed: readonly PendingRow[]) => void;
    /** These are of devices that are not on the lists that are known here: a newer list may have them. */
    readonly onUnlisted: (envelopes: readonly Envelope[]) => void;
  };

const byId = (a: Envelope, b: Envelope): number => (a.id < b.id ? -1 : 1);

const owe = (
  transaction: Transaction,
  { id, senderId, senderDeviceId }: Envelope,
  receipt: 'none' | 'now' | 'held',
): PendingRow => {
  const value = {
    ...{ senderId, senderDeviceId, receipt: receipt !== 'none', deleted: false },
    ...(receipt === 'held' && { held: true as const }),
  };
  transaction.put('pendingDeletes', id, value);
  return { key: id, value };
};

/** Copies of what is kept already: the nodes are told again, unless that is under way. */
const takeKnown = async (
  transaction: Transaction,
  known: readonly Envelope[],
): Promise<readonly PendingRow[]> => {
  const ids = known.map(({ id }) => id);
  const pending = await transaction.getMany('pendingDeletes', ids);
  return known
    .filter((_, index) => pending[index] === undefined)
    .map((envelope) => owe(transaction, envelope, 'none'));
};

const takeNew = async (
  transaction: Transaction,
  deps: InboxDeps,
  envelopes: readonly Envelope[],
): Promise<{ readonly owed: readonly PendingRow[]; readonly unlisted: readonly Envelope[] }> => {
  const owed: PendingRow[] = [];
  const unlisted: Envelope[] = [];
  const begun = deps.arrivals.now();
  const results = await decryptBatch(transaction, deps, envelopes);
  const self = deps.device.accountId();
  const blocked = await blockedSenders(transaction, envelopes, self);
  const heard = envelopes.filter(
    ({ senderId }, index) => results[index]?.ok === true && !blocked.has(senderId),
  );
  const arrival = { ...begun, at: Math.max(begun.at, deps.clock.hear(heard.map(({ sentAt }) => sentAt))) };
  const opened = envelopes.map((envelope, index): Opened | null => {
    const result = results[index];
    if (!result?.ok) return null;
    return { envelope, arrival, plaintext: result.plaintext, content: decodeContent(result.plaintext) };
  });
  await prefetch(
    transaction,
    self,
    opened.filter((each) => each !== null),
  );
  const introduced = await isIntroduced(transaction, deps.clock.now());
  let failures = 0;
  for (const [index, envelope] of envelopes.entries()) {
    const result = results[index];
    if (result?.ok === false && result.reason === 'other-key') {
      unlisted.push(envelope);
      continue;
    }
    const content = opened[index];
    const receipt = content ? await applyPlaintext(transaction, deps, content, blocked) : false;
    if (result?.ok === false && !blocked.has(envelope.senderId)) {
      const { sentAt } = placed(envelope.id, envelope.sentAt, arrival);
      await setAside(transaction, deps, { ...envelope, sentAt }, result.reason);
      failures += 1;
    }
    transaction.put('seenIds', envelope.id, true);
    const isHeld =
      receipt && !introduced && (await standingOf(transaction, envelope.senderId)) !== 'accepted';
    owed.push(owe(transaction, envelope, !receipt ? 'none' : isHeld ? 'held' : 'now'));
  }
  if (failures > 0) await requestRenewals(transaction, deps);
  return { owed, unlisted };
};

export const createInbox = (deps: InboxDeps): Inbox => ({
  take: (envelopes) =>
    deps.store.transact(async (transaction) => {
      const unique = [...new Map(envelopes.map((envelope) => [envelope.id, envelope])).values()].sort(byId);
      const seen = await transaction.getMany(
        'seenIds',
        unique.map(({ id }) => id),
      );
      const fresh = unique.filter((_, index) => seen[index] === undefined);
      const known = unique.filter((_, index) => seen[index] !== undefined);
      const returned = await takeKnown(transaction, known);
      const { owed, unlisted } = await takeNew(transaction, deps, fresh);
      transaction.afterCommit(() => {
        deps.onKept([...returned, ...owed]);
        if (unlisted.length > 0) deps.onUnlisted(unlisted);
      });
      return owed.length;
    }),
  sift: async (ids) => {
    const seen = await deps.store.getMany('seenIds', ids);
    const known = ids.filter((_, index) => seen[index] !== undefined);
    const pending = await deps.store.getMany('pendingDeletes', known);
    return {
      fresh: ids.filter((_, index) => seen[index] === undefined),
      returned: known.filter((_, index) => pending[index] === undefined),
    };
  },
});
