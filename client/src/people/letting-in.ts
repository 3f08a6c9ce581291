import type { AccountId } from '@restante/protocol';
import { MAX_REFERENCES, type Standing } from '../content/parts.ts';
import type { Conversations } from '../conversations/conversations.ts';
import { tellOwnDevices, type OwnSyncDeps } from '../sending/own-sync.ts';
import { readReceipt, type ReceiptDeps } from './read-receipt.ts';
import { chooseStanding } from './standings.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import { conversationPrefix } from '../vault/keys.ts';
import { pagesOf } from '../vault/pages.ts';
import type { Transaction } from '../vault/store.ts';

export type LettingInDeps = OwnSyncDeps &
  ReceiptDeps & {
    readonly conversations: Pick<Conversations, 'change'>;
    /** Somebody is to be told the own profile. */
    readonly onProfileDue: () => void;
  };

/** What was read of a request is told when it is one no more. */
const tellWhatWasRead = async (
  transaction: Transaction,
  deps: LettingInDeps,
  accountId: AccountId,
): Promise<void> => {
  const range = { prefix: conversationPrefix(conversationWith(accountId)), limit: MAX_REFERENCES };
  for await (const rows of pagesOf(transaction, 'messages', range)) {
    const seen = rows.map(({ value }) => value).filter(({ state }) => state === 'seen');
    const to = await readReceipt(transaction, deps, accountId, seen);
    if (to !== null) {
      const receipt = { to, ownCopy: null, renew: [], shows: null };
      await deps.composer.enqueue(transaction, await deps.clock.mint(transaction), receipt);
    }
  }
};

/**
 * A person lets an account in, of which they knew `before`: own devices follow, and it learns what has been read of its
 * request, and the own profile.
 */
export const letIn = async (
  transaction: Transaction,
  deps: LettingInDeps,
  accountId: AccountId,
  before: Standing | undefined,
): Promise<void> => {
  if (before === 'accepted') return;
  const id = await chooseStanding(transaction, deps, { accountId, standing: 'accepted' });
  await tellOwnDevices(transaction, deps, { type: 'standing', accountId, standing: 'accepted', id });
  if (before === 'request') await tellWhatWasRead(transaction, deps, accountId);
  transaction.put('profilesDue', accountId, true);
  transaction.afterCommit(deps.onProfileDue);
};
