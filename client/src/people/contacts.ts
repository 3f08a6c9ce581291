import { accountId as accountIdSchema, type AccountId } from '@restante/protocol';
import { MAX_CONVERSATIONS } from '../conversations/reading.ts';
import type { Conversations } from '../conversations/conversations.ts';
import { MessengerError } from '../messenger-error.ts';
import { createRemembered } from '../remembered.ts';
import type { MasterApi } from '../server/master-api.ts';
import { conversationWith, named, type ConversationId } from '../vault/conversation-id.ts';
import type { Store, Transaction } from '../vault/store.ts';

/**
 * Usernames of other accounts; the masters say whose they are. An account may end, and its name become another's; or get
 * another name: what is kept of names is what was true once, and whoever has no such name any more is `former`.
 */
export type Contacts = {
  /** A conversation itself, or the one with the account of a username: who is known by that name here, else as `lookUp`. */
  readonly resolve: (to: string) => Promise<ConversationId>;
  /** The account that has a username now, as a master tells. Throws `not-found`. */
  readonly lookUp: (username: string) => Promise<AccountId>;
  /** An author says what their name is: keeps it when that is so. */
  readonly verify: (accountId: AccountId, username: string) => Promise<void>;
  /** Whether there is a record that an account has ended; its conversation says so then. */
  readonly isRemoved: (accountId: AccountId) => Promise<boolean>;
  /** A conversation, and with it a name, has been deleted: what its author says of their name is news again. */
  readonly forget: () => void;
};

/** Claims of names that are remembered. */
const MAX_CLAIMS = 1_000;
/** An author's claim is not checked more often than this. */
const CLAIM_REST_MS = 10 * 60 * 1000;

export const createContacts = (
  store: Store,
  api: Pick<MasterApi, 'account' | 'isRemoved'>,
  conversations: Pick<Conversations, 'of' | 'keep' | 'change'>,
  monotonic: () => number,
): Contacts => {
  /** Questions under way: many messages to one new name are one question. */
  const asking = new Map<string, Promise<AccountId>>();
  /** When claims have been looked at: each text is one, and neither the vault nor a master is asked for each. */
  const checked = createRemembered<number>(MAX_CLAIMS);

  const isRemoved: Contacts['isRemoved'] = async (accountId) => {
    const removed = await api.isRemoved(accountId);
    if (removed)
      await store.transact((transaction) =>
        conversations.change(transaction, conversationWith(accountId), { former: 'gone' }),
      );
    return removed;
  };
  const conversationsOf = async (username: string): Promise<ConversationId[]> =>
    (await store.list('conversations', { limit: MAX_CONVERSATIONS }))
      .filter(({ value }) => value.username === username && !value.former)
      .map(({ value }) => value.id);

  /** Those who were known by a name that is another's now have ended or have another one. */
  const outdate = async (username: string, owner: AccountId): Promise<void> => {
    for (const conversation of await conversationsOf(username)) {
      const { accountId } = named(conversation);
      if (accountId === owner || (await isRemoved(accountId))) continue;
      await store.transact((transaction) =>
        conversations.change(transaction, conversation, { former: 'renamed' }),
      );
      checked.clear();
    }
  };
  const ask = async (username: string): Promise<AccountId> => {
    const { accountId } = await api.account(username);
    await outdate(username, accountId);
    return accountId;
  };
  const lookUp = (username: string): Promise<AccountId> => {
    const known = asking.get(username);
    if (known !== undefined) return known;
    const asked = ask(username).finally(() => asking.delete(username));
    asking.set(username, asked);
    return asked;
  };
  const keep = async (transaction: Transaction, id: ConversationId, username: string): Promise<void> => {
    const conversation = await conversations.of(transaction, id, 'other');
    if (conversation.username !== username || conversation.former)
      conversations.keep(transaction, { ...conversation, username, former: null });
  };

  return {
    lookUp,
    isRemoved,
    resolve: async (to) => {
      if (accountIdSchema.safeParse(to).success) return conversationWith(to);
      const [known] = await conversationsOf(to);
      if (known !== undefined) return known;
      const conversation = conversationWith(await lookUp(to));
      await store.transact((transaction) => keep(transaction, conversation, to));
      return conversation;
    },
    verify: async (accountId, username) => {
      const claim = `${accountId} ${username}`;
      const now = monotonic();
      if (now - (checked.get(claim) ?? -Infinity) < CLAIM_REST_MS) return;
      checked.set(claim, now);
      try {
        const id = conversationWith(accountId);
        const conversation = await store.get('conversations', id);
        if (conversation?.username === username && !conversation.former) return;
        if ((await lookUp(username)) !== accountId) return;
        await store.transact((transaction) =>
          conversations.change(transaction, id, { username, former: null }),
        );
      } catch (error) {
        // That nobody has the name is an answer.
        if (error instanceof MessengerError && error.code === 'not-found') return;
        checked.delete(claim);
        throw error;
      }
    },
    forget: () => checked.clear(),
  };
};
