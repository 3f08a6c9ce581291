import type { AccountId } from '@restante/protocol';
import type { Device } from '../account/device.ts';
import { coalesce } from '../coalesce.ts';
import { encodeContent } from '../content/codec.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';
import type { ServerClock } from '../server/clock.ts';
import type { Composer } from '../sending/compose.ts';
import { hasUnverifiedKeys } from '../sending/verification.ts';
import { standingOf } from './standings.ts';

/**
 * The own profile goes to each account that is let in, once for each choice, and again to who has not got it: what a person writes
 * names their profile, and who lacks that one asks.
 */

/** Accounts that are told in one transaction. */
const PAGE = 20;

export type ProfileTellingDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly clock: ServerClock;
  readonly composer: Composer;
};

const tell = async (
  transaction: Transaction,
  { clock, composer, device }: ProfileTellingDeps,
  accountId: AccountId,
): Promise<void> => {
  const own = await transaction.get('ownProfile', ONLY);
  const standing = await standingOf(transaction, accountId);
  if (own === undefined || standing !== 'accepted' || accountId === device.accountId()) {
    transaction.delete('profilesDue', accountId);
    return;
  }
  // Until somebody has verified them, or says that they need not.
  if (await hasUnverifiedKeys(transaction, accountId)) return;
  const content = { v: CONTENT_VERSION, kind: 'profile', ...own } as const;
  await composer.enqueue(transaction, await clock.mint(transaction), {
    ...{ to: { accountId, plaintext: encodeContent(content) }, ownCopy: null },
    ...{ renew: [], shows: null, isSentOnce: true },
  });
  transaction.delete('profilesDue', accountId);
};

/** Tells those who are to be told. `onQueued`: there is something in the outbox. */
export const createProfileTelling = (deps: ProfileTellingDeps, onQueued: () => void): (() => Promise<void>) =>
  coalesce(async () => {
    for (let after = ''; ;) {
      const rows = await deps.store.list('profilesDue', { after, limit: PAGE });
      const last = rows.at(-1);
      if (last === undefined) return;
      await deps.store.transact(async (transaction) => {
        for (const { key } of rows) await tell(transaction, deps, key);
      });
      onQueued();
      after = last.key;
    }
  });
