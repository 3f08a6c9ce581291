import { accountId as accountIdSchema, type AccountId } from '@restante/protocol';
import type { Conversations } from './conversations.ts';
import type { Messages } from './messages.ts';
import type { MasterApi } from './server/master-api.ts';
import type { Store } from './vault/store.ts';

/** Usernames of other accounts; the masters say whose they are. */
export type Contacts = {
  /** The account of a username or account id. Throws `not-found`. */
  readonly resolve: (to: string) => Promise<AccountId>;
  /** The account of a username, as a master tells. Throws `not-found`. */
  readonly lookUp: (username: string) => Promise<AccountId>;
  /** An author says what their name is: keeps it when that is so. */
  readonly verify: (accountId: AccountId, username: string) => Promise<void>;
  /** Asks for every name again: a conversation, and with it a name, has been deleted. */
  readonly forget: () => void;
};

/** Names that are remembered beside the conversations. */
const MAX_REMEMBERED = 1_000;

export const createContacts = (
  store: Store,
  api: Pick<MasterApi, 'account'>,
  messages: Pick<Messages, 'name'>,
  conversations: Pick<Conversations, 'change'>,
): Contacts => {
  /** Answers, and questions under way: many messages to one new name are one question. */
  const lookUps = new Map<string, Promise<AccountId>>();
  const checked = new Set<string>();

  const lookUp = (username: string): Promise<AccountId> => {
    const known = lookUps.get(username);
    if (known !== undefined) return known;
    const asked = api.account(username).then(({ accountId }) => accountId);
    if (lookUps.size >= MAX_REMEMBERED) lookUps.clear();
    lookUps.set(username, asked);
    asked.catch(() => lookUps.delete(username));
    return asked;
  };
  const keep = (accountId: AccountId, username: string): Promise<void> =>
    store.transact((transaction) => messages.name(transaction, accountId, username));

  return {
    lookUp,
    resolve: async (to) => {
      if (accountIdSchema.safeParse(to).success) return to;
      if (lookUps.has(to)) return lookUp(to);
      const conversations = await store.list('conversations', { limit: MAX_REMEMBERED });
      const named = conversations.find(({ value }) => value.username === to);
      if (named !== undefined) return named.key;
      const accountId = await lookUp(to);
      await keep(accountId, to);
      return accountId;
    },
    verify: async (accountId, username) => {
      const claim = `${accountId} ${username}`;
      if (checked.has(claim)) return;
      if (checked.size >= MAX_REMEMBERED) checked.clear();
      checked.add(claim);
      const conversation = await store.get('conversations', accountId);
      if (conversation?.username === username) return;
      if ((await lookUp(username)) !== accountId) return;
      await store.transact((transaction) => conversations.change(transaction, accountId, { username }));
    },
    forget: () => {
      lookUps.clear();
      checked.clear();
    },
  };
};
