import type { Conversation } from '@restante/client';
import type { Strings } from '../i18n/en/index.ts';

/** What a conversation is called: one whose account lost its name is told apart from the one that has it now. */
export const displayName = (
  conversation: Pick<Conversation, 'username' | 'former'> | undefined,
  strings: Strings['conversation'],
): string => {
  if (conversation?.username == null) return strings.unnamed;
  return conversation.former ? strings.formerly(conversation.username) : conversation.username;
};
