import type { AccountId, SignedDeviceList } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import type { MasterApi } from './master-api.ts';

/** The list of an account's devices that a master has; null: it has none, which says nothing. */
export const deviceListOf = (
  api: Pick<MasterApi, 'deviceList'>,
  accountId: AccountId,
): Promise<SignedDeviceList | null> =>
  api.deviceList(accountId).catch((error: unknown) => {
    if (error instanceof MessengerError && error.code === 'not-found') return null;
    throw error;
  });
