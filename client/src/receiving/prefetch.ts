import type { AccountId } from '@restante/protocol';
import { shared, type MessageReference } from '../content/content.ts';
import { annotationKey, authoredKey } from '../vault/keys.ts';
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

/**
 * Reads messages and what is said of them in a few reads, so that dealing with each of them does not wait for the vault:
 * in browsers each single read costs as much as decrypting.
 */
export const prefetchMessages = async (
  transaction: Transaction,
  references: readonly MessageReference[],
): Promise<void> => {
  const [keys] = await Promise.all([
    transaction.getMany(
      'messageKeys',
      references.map(({ author, id }) => authoredKey(author, id)),
    ),
    transaction.getMany(
      'annotations',
      references.map(({ author, id }) => annotationKey(author, id)),
    ),
  ]);
  await transaction.getMany(
    'messages',
    keys.filter((key) => key !== undefined),
  );
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
