import type { AccountId, DeviceId, KeyBundle } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import type { MasterApi } from './master-api.ts';

/** Keys of an account's devices, or of one; what is not there, or has been removed meanwhile, has none. */
export const bundlesOf = (
  api: Pick<MasterApi, 'keys'>,
  accountId: AccountId,
  deviceId?: DeviceId,
): Promise<readonly KeyBundle[]> =>
  api.keys(accountId, deviceId).then(
    ({ bundles }) => bundles,
    (error: unknown) => {
      if (error instanceof MessengerError && error.code === 'not-found') return [];
      throw error;
    },
  );
