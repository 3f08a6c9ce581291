import type { MessageReference } from '../content/parts.ts';
import { annotationKey, authoredKey } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';

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
