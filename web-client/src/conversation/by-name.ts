import type { Conversation, ConversationId } from '@restante/client';
import { nameOf } from '../services/name-of.ts';
import { fold } from './fold.ts';

/** More are found by another letter. */
const MOST = 50;

type Named = { readonly id: ConversationId; readonly name: string; readonly username: string | null };

/**
 * Conversations by some letters of a name, their username or another one for them: whose name begins so comes first, else in the order in
 * which they were given.
 */
export const byName = (
  conversations: readonly Pick<Conversation, 'id' | 'username' | 'settings' | 'standing' | 'profile'>[],
  typed: string,
  unnamed: string,
): Named[] => {
  const wanted = fold(typed.trim().replace(/^@/, ''));
  return conversations
    .map((conversation) => {
      const name = nameOf(conversation, unnamed);
      const { id, username } = conversation;
      return { id, name, username, names: [name, username ?? ''].map(fold) };
    })
    .filter(({ names }) => names.some((name) => name.includes(wanted)))
    .map(({ names, ...found }) => ({ ...found, begins: names.some((name) => name.startsWith(wanted)) }))
    .sort((a, b) => Number(b.begins) - Number(a.begins))
    .slice(0, MOST)
    .map(({ id, name, username }) => ({ id, name, username }));
};
