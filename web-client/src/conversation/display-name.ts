import type { Conversation } from '@restante/client';
import type { Strings } from '../i18n/en/index.ts';
import { nameOf } from '../services/name-of.ts';

/** What a conversation is called: one whose account lost its name is told apart from the one that has it now. */
export const displayName = (
  conversation: Pick<Conversation, 'username' | 'former' | 'settings' | 'standing' | 'profile'> | undefined,
  strings: Strings['conversation'],
): string => {
  const name = nameOf(conversation, strings.unnamed);
  return conversation?.former && conversation.username !== null ? strings.formerly(name) : name;
};
