import type { AccountId } from '@restante/protocol';
import type { Device } from '../account/device.ts';
import type { Given } from '../content/addressed.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';

/** What goes to an account with what a person writes to it, that disappears after `timer` seconds. */
export const givenTo = async (
  transaction: Pick<Transaction, 'get'>,
  device: Pick<Device, 'accessFor'>,
  accountId: AccountId,
  timer?: number,
): Promise<Given> => {
  const access = device.accessFor(accountId);
  const own = await transaction.get('ownProfile', ONLY);
  const chosen = await transaction.get('timers', conversationWith(accountId));
  // What was written before another choice says nothing of that.
  const isAsChosen = chosen !== undefined && (chosen.seconds ?? undefined) === timer;
  const isDue = (await transaction.get('profilesDue', accountId)) !== undefined;
  return {
    ...(access !== undefined && { access }),
    ...(own && !isDue && { profile: own.id }),
    ...(isAsChosen && { timerId: chosen.id }),
  };
};
