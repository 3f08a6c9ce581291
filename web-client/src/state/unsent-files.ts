import type { ConversationId } from '@restante/client';
import type { AccountId } from '@restante/protocol';
import { ChosenFiles } from './chosen-files.svelte.ts';

/** Of one account alone: what another one has not sent goes. */
let owner: AccountId | null = null;
const byConversation = new Map<ConversationId, ChosenFiles>();

/** What an account has chosen or spoken in a conversation, and not sent yet: it is there for whoever comes back in this tab. */
export const unsentFiles = (self: AccountId, conversation: ConversationId): ChosenFiles => {
  if (self !== owner) byConversation.clear();
  owner = self;
  const files = byConversation.get(conversation) ?? new ChosenFiles();
  byConversation.set(conversation, files);
  return files;
};
