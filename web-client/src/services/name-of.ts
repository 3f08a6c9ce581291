import type { Conversation } from '@restante/client';

/** What a person is called here: as this person wants, by their username, or as somebody whose name is not known. */
export const nameOf = (
  conversation: Pick<Conversation, 'username' | 'settings'> | undefined,
  unnamed: string,
): string => conversation?.settings.nickname ?? conversation?.username ?? unnamed;
