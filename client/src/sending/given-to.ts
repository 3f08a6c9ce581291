import type { AccountId } from '@restante/protocol';
import type { Device } from '../account/device.ts';
import type { Given } from '../content/addressed.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';

/** What goes to an account with what a person writes to it. */
export const givenTo = async (
  transaction: Pick<Transaction, 'get'>,
  device: Pick<Device, 'accessFor'>,
  accountId: AccountId,
): Promise<Given> => {
  const access = device.accessFor(accountId);
  const own = await transaction.get('ownProfile', ONLY);
  const isDue = (await transaction.get('profilesDue', accountId)) !== undefined;
  return { ...(access !== undefined && { access }), ...(own && !isDue && { profile: own.id }) };
};
