import type { Sync } from '../content/content.ts';
import type { Messages } from '../messages.ts';
import type { Transaction } from '../vault/store.ts';
import type { Annotation } from '../vault/tables.ts';

export type ApplySyncDeps = { readonly messages: Messages };

/** What has been done on another own device is done here too. */
export const applySync = async (
  transaction: Transaction,
  { messages }: ApplySyncDeps,
  { change }: Sync,
): Promise<void> => {
  if (change.type === 'standing') return;
  const annotation: Annotation = change.type === 'seen' ? { state: 'seen' } : { hidden: true };
  for (const target of change.messages)
    await messages.annotate(transaction, target.author, target, annotation);
};
