import type { Conversation, ConversationId } from '@restante/client';
import { fold } from './fold.ts';

/** More are found by another letter. */
const MOST = 50;

/** Conversations by some letters of a name: whose name begins so comes first, else in the order in which they were given. */
export const byName = (
  conversations: readonly Pick<Conversation, 'id' | 'username'>[],
  typed: string,
  unnamed: string,
): { readonly id: ConversationId; readonly name: string }[] => {
  const wanted = fold(typed.trim().replace(/^@/, ''));
  return conversations
    .map(({ id, username }) => ({ id, name: username ?? unnamed }))
    .filter(({ name }) => fold(name).includes(wanted))
    .sort((a, b) => Number(fold(b.name).startsWith(wanted)) - Number(fold(a.name).startsWith(wanted)))
    .slice(0, MOST);
};
