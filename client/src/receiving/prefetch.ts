import type { AccountId } from '@restante/protocol';
import { conversationOf, referencesOf } from '../content/content.ts';
import type { MessageReference } from '../content/parts.ts';
import { prefetchMessages } from '../conversations/prefetch-messages.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import type { Transaction } from '../vault/store.ts';
import type { Opened } from './apply.ts';

/** Messages that a content adds or speaks of. */
const messagesOf = (self: AccountId, { envelope, content }: Opened): readonly MessageReference[] => {
  const { id, senderId: author } = envelope;
  return content === null ? [{ author, id }] : referencesOf(content, { author, self, id });
};

/** Reads what a batch is about to need. */
export const prefetch = async (
  transaction: Transaction,
  self: AccountId,
  batch: readonly Opened[],
): Promise<void> => {
  const references = batch.flatMap((opened) => messagesOf(self, opened));
  const conversations = batch.map(({ envelope, content }) =>
    content === null ? conversationWith(envelope.senderId) : conversationOf(content, envelope.senderId),
  );
  await Promise.all([
    prefetchMessages(transaction, references),
    transaction.getMany('conversations', [...new Set(conversations)]),
  ]);
};
