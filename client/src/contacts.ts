import { accountId as accountIdSchema, type AccountId } from '@restante/protocol';
import type { Messages } from './messages.ts';
import type { MasterApi } from './server/master-api.ts';
import type { Store } from './vault/store.ts';

/** Usernames of other accounts; the masters say whose they are. */
export type Contacts = {
  /** The account of a username or account id. Throws `not-found`. */
  readonly resolve: (to: string) => Promise<AccountId>;
  /** An author says what their name is: keeps it when that is so. */
  readonly verify: (accountId: AccountId, username: string) => Promise<void>;
};

/** Names that are remembered beside the conversations. */
const MAX_REMEMBERED = 1_000;

export const createContacts = (
  store: Store,
  api: Pick<MasterApi, 'account'>,
  messages: Pick<Messages, 'name'>,
): Contacts => {
  const accounts = new Map<string, AccountId>();
  const checked = new Set<string>();

  const remember = (username: string, accountId: AccountId): void => {
    if (accounts.size >= MAX_REMEMBERED) accounts.clear();
    accounts.set(username, accountId);
  };
  const lookUp = async (username: string): Promise<AccountId> => {
    const { accountId } = await api.account(username);
    remember(username, accountId);
    return accountId;
  };
  const keep = (accountId: AccountId, username: string): Promise<void> =>
    store.transact((transaction) => messages.name(transaction, accountId, username));

  return {
    resolve: async (to) => {
      if (accountIdSchema.safeParse(to).success) return to;
      const known = accounts.get(to);
      if (known !== undefined) return known;
      const conversations = await store.list('conversations', { limit: MAX_REMEMBERED });
      const named = conversations.find(({ value }) => value.username === to);
      const accountId = named?.key ?? (await lookUp(to));
      remember(to, accountId);
      if (named === undefined) await keep(accountId, to);
      return accountId;
    },
    verify: async (accountId, username) => {
      const claim = `${accountId} ${username}`;
      if (checked.has(claim)) return;
      const conversation = await store.get('conversations', accountId);
      if (conversation?.username === username) return;
      if (checked.size >= MAX_REMEMBERED) checked.clear();
      checked.add(claim);
      if ((await lookUp(username)) === accountId) await keep(accountId, username);
    },
  };
};
