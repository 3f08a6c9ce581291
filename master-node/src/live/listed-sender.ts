import type { DeviceAddress } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import type { DeviceSets } from '../directory/device-sets.ts';

/** What a device says that waits to be let in reaches nobody. Read again from the directory before that counts. @throws ServiceError */
export const assertListed = async (
  { accountId, deviceId }: DeviceAddress,
  deviceSets: DeviceSets,
): Promise<void> => {
  const known = await deviceSets.get(accountId);
  if (known?.listed.has(deviceId)) return;
  const actual = await deviceSets.refresh(accountId);
  if (!actual?.listed.has(deviceId))
    throw new ServiceError('device-waiting', 'the device is not on the list of its account');
};
