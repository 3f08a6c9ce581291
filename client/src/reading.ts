import type { AccountId } from '@restante/protocol';
import { accountPrefix, messageKey } from './vault/keys.ts';
import type { Store } from './vault/store.ts';
import type { Conversation, Message } from './vault/tables.ts';

/** Conversations that are listed. */
const MAX_CONVERSATIONS = 10_000;

/** What is kept on this device. */
export type Reading = {
  /** Newest first. */
  readonly conversations: () => Promise<Conversation[]>;
  /** At most `limit` messages before `before` (default: the newest), oldest first. */
  readonly messages: (
    accountId: AccountId,
    page?: { readonly before?: Message; readonly limit?: number },
  ) => Promise<Message[]>;
};

export const createReading = (store: Store): Reading => ({
  conversations: async () =>
    (await store.list('conversations', { limit: MAX_CONVERSATIONS }))
      .map(({ value }) => value)
      .sort((a, b) => b.lastMessageAt - a.lastMessageAt),
  messages: async (accountId, { before, limit = 50 } = {}) => {
    const rows = await store.list('messages', {
      prefix: accountPrefix(accountId),
      ...(before && { before: messageKey(accountId, before.sentAt, before.id, before.direction) }),
      limit,
      reverse: true,
    });
    return rows.map(({ value }) => value).reverse();
  },
});
