import type { AccountId } from '@restante/protocol';
import type { Sync } from '../content/content.ts';
import type { Conversations } from '../conversations.ts';
import type { Messages } from '../messages.ts';
import { applyStanding } from '../standings.ts';
import type { Transaction } from '../vault/store.ts';
import type { Annotation } from '../vault/tables.ts';

export type ApplySyncDeps = {
  readonly messages: Messages;
  readonly conversations: Pick<Conversations, 'change'>;
};

/** What has been done on another own device is done here too. `blocked`: for the rest of the batch. */
export const applySync = async (
  transaction: Transaction,
  { messages, conversations }: ApplySyncDeps,
  { change }: Sync,
  blocked: Set<AccountId>,
): Promise<void> => {
  if (change.type === 'standing') {
    await applyStanding(transaction, { conversations }, change, blocked);
    return;
  }
  const annotation: Annotation = change.type === 'seen' ? { state: 'seen' } : { hidden: true };
  for (const target of change.messages)
    await messages.annotate(transaction, target.author, target, annotation);
};
