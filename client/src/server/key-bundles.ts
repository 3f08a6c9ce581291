import type { AccountId, DeviceId, KeyBundles } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import type { MasterApi } from './master-api.ts';

/** The list and the keys of an account's devices, or of one; what is not there, or has been removed meanwhile, has none. */
export const bundlesOf = (
  api: Pick<MasterApi, 'keys'>,
  accountId: AccountId,
  deviceId?: DeviceId,
): Promise<Pick<KeyBundles, 'bundles' | 'list'>> =>
  api.keys(accountId, deviceId).catch((error: unknown) => {
    if (error instanceof MessengerError && error.code === 'not-found') return { bundles: [], list: null };
    throw error;
  });
