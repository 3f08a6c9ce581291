import type { DeviceAddress } from '@restante/protocol';
import { ServiceError, type TokenVerifier } from '@restante/service-kit';
import type { DeviceSets } from './directory/device-sets.ts';

/** The device that a `master` token speaks for. @throws ServiceError `unauthorized` or `token-expired` */
export type Authenticate = (token: string) => Promise<DeviceAddress>;

/**
 * A token outlives the removal of its device, so the device must also be there. While the directory does not answer
 * the token alone is enough: live messages go on.
 */
export const createAuthenticate =
  (verifier: TokenVerifier, deviceSets: DeviceSets): Authenticate =>
  async (token) => {
    const device = await verifier.device(token, 'master');
    const isThere = async (): Promise<boolean> => {
      const known = await deviceSets.get(device.accountId);
      if (known?.has(device.deviceId)) return true;
      const actual = await deviceSets.refresh(device.accountId);
      return actual?.has(device.deviceId) ?? false;
    };
    try {
      if (await isThere()) return device;
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'unavailable') return device;
      throw error;
    }
    throw new ServiceError('unauthorized', 'the device has been removed');
  };
