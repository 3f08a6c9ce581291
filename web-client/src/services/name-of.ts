import type { Conversation } from '@restante/client';

/**
 * What a person is called here: as this person wants, as they call themselves if they are let in, by their username, or as somebody whose name
 * is not known.
 */
export const nameOf = (
  conversation: Pick<Conversation, 'username' | 'settings' | 'standing' | 'profile'> | undefined,
  unnamed: string,
): string =>
  conversation?.settings.nickname ??
  (conversation?.standing === 'accepted' ? conversation.profile?.name : null) ??
  conversation?.username ??
  unnamed;
