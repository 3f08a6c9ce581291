import type { AccountId } from '@restante/protocol';

/** Names a conversation in the keys of rows: the other account's id. */
export type ConversationId = AccountId;
