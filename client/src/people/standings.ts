import { messageTime, type AccountId, type Envelope, type MessageId } from '@restante/protocol';
import type { Standing } from '../content/parts.ts';
import type { Conversations } from '../conversations/conversations.ts';
import type { ServerClock } from '../server/clock.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import { idAfter } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';

/**
 * Whom a person lets in. The row of a conversation says it; of an account without one, `standings` does. Nothing tells
 * a `request` of this person; from a `blocked` account nothing is kept or shown.
 */

/** What a transaction and the store have in common. */
type Reader = Pick<Transaction, 'get' | 'getMany'>;

/** Undefined: nothing is known of the account. */
export const standingOf = async (
  reader: Pick<Reader, 'get'>,
  accountId: AccountId,
): Promise<Standing | undefined> =>
  (await reader.get('conversations', conversationWith(accountId)))?.standing ??
  reader.get('standings', accountId);

/** Of many accounts in one read, and one more when some of them have no conversation. */
export const standingsOf = async (
  reader: Pick<Reader, 'getMany'>,
  accountIds: readonly AccountId[],
): Promise<ReadonlyMap<AccountId, Standing | undefined>> => {
  if (accountIds.length === 0) return new Map();
  const rows = await reader.getMany('conversations', accountIds.map(conversationWith));
  const strangers = accountIds.filter((_, index) => rows[index] === undefined);
  const known = strangers.length === 0 ? [] : await reader.getMany('standings', strangers);
  return new Map([
    ...accountIds.map((accountId, index) => [accountId, rows[index]?.standing] as const),
    ...strangers.map((accountId, index) => [accountId, known[index]] as const),
  ]);
};

/** Whether an account may learn that this person is there, writes or has read: who was let in, or never met. */
export const mayBeTold = (standing: Standing | undefined): boolean => (standing ?? 'accepted') === 'accepted';

type StandingChange = { readonly accountId: AccountId; readonly standing: Standing };

/** A choice from further ahead than masters take is of a clock that was wrong: any other one stands before it, so that nobody chooses for good. */
const knownChoice = async (
  transaction: Transaction,
  clock: Pick<ServerClock, 'latest'>,
  accountId: AccountId,
): Promise<MessageId | undefined> => {
  const known = await transaction.get('standingChoices', accountId);
  return known !== undefined && messageTime(known) > clock.latest() ? undefined : known;
};

const setStanding = async (
  transaction: Transaction,
  conversations: Pick<Conversations, 'change'>,
  { accountId, standing }: StandingChange,
): Promise<void> => {
  const conversation = conversationWith(accountId);
  if ((await transaction.get('conversations', conversation)) === undefined) {
    transaction.put('standings', accountId, standing);
  } else await conversations.change(transaction, conversation, { standing });
};

/** The blocked ones among the senders of a batch. */
export const blockedSenders = async (
  transaction: Transaction,
  envelopes: readonly Pick<Envelope, 'senderId'>[],
  self: AccountId,
): Promise<Set<AccountId>> => {
  const senders = [...new Set(envelopes.map(({ senderId }) => senderId))].filter((id) => id !== self);
  const standings = await standingsOf(transaction, senders);
  return new Set(senders.filter((sender) => standings.get(sender) === 'blocked'));
};

type ChoosingDeps = {
  readonly clock: Pick<ServerClock, 'latest' | 'mint'>;
  readonly conversations: Pick<Conversations, 'change'>;
};

/** This person lets an account in, or blocks it. Answers with the id of the choice, which stands before all that are known. */
export const chooseStanding = async (
  transaction: Transaction,
  { clock, conversations }: ChoosingDeps,
  change: StandingChange,
): Promise<MessageId> => {
  const minted = await clock.mint(transaction);
  const known = await knownChoice(transaction, clock, change.accountId);
  const id = known === undefined || known < minted ? minted : idAfter(known, minted);
  transaction.put('standingChoices', change.accountId, id);
  await setStanding(transaction, conversations, change);
  return id;
};

/**
 * Another own device has let an account in, or blocked it: that holds for the rest of the batch too. Of two choices the later one stands, in whatever
 * order they come; `id` is missing where that is not known, and then it does.
 */
export const applyStanding = async (
  transaction: Transaction,
  { clock, conversations }: ChoosingDeps,
  { id, ...change }: StandingChange & { readonly id?: MessageId | undefined },
  blocked: Set<AccountId>,
): Promise<void> => {
  const known = await knownChoice(transaction, clock, change.accountId);
  if (id !== undefined && known !== undefined && known >= id) return;
  if (id !== undefined) transaction.put('standingChoices', change.accountId, id);
  await setStanding(transaction, conversations, change);
  if (change.standing === 'blocked') blocked.add(change.accountId);
  else blocked.delete(change.accountId);
};
