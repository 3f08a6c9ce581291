import type { AccountId } from '@restante/protocol';

/** Names a conversation, in rows, keys, events and calls. One with an account has that account's id. */
export type ConversationId = string & { readonly names: 'conversation' };

export const conversationWith = (accountId: AccountId): ConversationId =>
  accountId as string as ConversationId;

/** What a conversation is with. */
export type Named = { readonly kind: 'account'; readonly accountId: AccountId };

export const named = (conversation: ConversationId): Named => ({
  kind: 'account',
  accountId: conversation as string,
});
