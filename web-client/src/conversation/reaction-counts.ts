import type { Message } from '@restante/client';
import { isBlank } from '@restante/client/blank-text';

/** The emojis that are offered first. */
export const USUAL_EMOJIS = ['👍', '❤️', '😂', '😮', '😢', '🙏'] as const;

export type ReactionCount = { readonly emoji: string; readonly count: number; readonly own: boolean };

/** How a person has reacted; null: they have not. */
export const reactionOf = (
  { reactions = {} }: Pick<Message, 'reactions'>,
  accountId: string,
): string | null => new Map(Object.entries(reactions)).get(accountId)?.emoji ?? null;

/** The reactions of a message by emoji, the one that came first in front. */
export const countReactions = (
  { reactions = {} }: Pick<Message, 'reactions'>,
  self: string,
): readonly ReactionCount[] => {
  const counts = new Map<string, ReactionCount>();
  const inOrder = Object.entries(reactions).sort(([, a], [, b]) => (a.id < b.id ? -1 : 1));
  for (const [accountId, { emoji }] of inOrder) {
    if (emoji === null || isBlank(emoji)) continue;
    const { count = 0, own = false } = counts.get(emoji) ?? {};
    counts.set(emoji, { emoji, count: count + 1, own: own || accountId === self });
  }
  return [...counts.values()];
};
