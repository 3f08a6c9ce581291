import type { Conversation, ConversationId } from '@restante/client';
import { nameOf } from '../services/name-of.ts';
import { fold } from './fold.ts';

/** More are found by another letter. */
const MOST = 50;

type Named = { readonly id: ConversationId; readonly name: string };

/**
 * Conversations by some letters of a name, the own one for somebody or their username: whose name begins so comes first, else in the order in
 * which they were given.
 */
export const byName = (
  conversations: readonly Pick<Conversation, 'id' | 'username' | 'settings'>[],
  typed: string,
  unnamed: string,
): Named[] => {
  const wanted = fold(typed.trim().replace(/^@/, ''));
  return conversations
    .map((conversation) => {
      const name = nameOf(conversation, unnamed);
      return { id: conversation.id, name, names: [name, conversation.username ?? ''].map(fold) };
    })
    .filter(({ names }) => names.some((name) => name.includes(wanted)))
    .map(({ names, ...found }) => ({ ...found, begins: names.some((name) => name.startsWith(wanted)) }))
    .sort((a, b) => Number(b.begins) - Number(a.begins))
    .slice(0, MOST)
    .map(({ id, name }) => ({ id, name }));
};
