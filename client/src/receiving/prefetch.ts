import type { AccountId } from '@restante/protocol';
import { shared, type MessageReference } from '../content/content.ts';
import { prefetchMessages } from '../conversations/prefetch-messages.ts';
import type { Transaction } from '../vault/store.ts';
import type { Opened } from './apply.ts';

/** Messages that a content adds or speaks of. */
const messagesOf = (self: AccountId, { envelope, content }: Opened): readonly MessageReference[] => {
  const author = envelope.senderId;
  const known = content?.kind === 'sent' ? shared.safeParse(content.content).data : content;
  switch (known?.kind) {
    case 'text':
      return [{ author, id: known.id }];
    case 'reaction':
      return [known.target];
    case 'deletion':
      return [{ author, id: known.target }];
    case 'receipt':
      return known.ids.map((id) => ({ author: self, id }));
    case 'sync':
      return 'messages' in known.change ? known.change.messages : [];
    default:
      return [{ author, id: envelope.id }];
  }
};

/** Reads what a batch is about to need. */
export const prefetch = async (
  transaction: Transaction,
  self: AccountId,
  batch: readonly Opened[],
): Promise<void> => {
  const references = batch.flatMap((opened) => messagesOf(self, opened));
  const accounts = batch.map(({ envelope, content }) =>
    content?.kind === 'sent' ? content.to : envelope.senderId,
  );
  await Promise.all([
    prefetchMessages(transaction, references),
    transaction.getMany('conversations', [...new Set(accounts)]),
  ]);
};
