import { ServiceError, type TokenDevice, type TokenVerifier } from '@restante/service-kit';
import type { DeviceSets } from './directory/device-sets.ts';

/** The device that a `master` token speaks for. @throws ServiceError `unauthorized` or `token-expired` */
export type Authenticate = (token: string) => Promise<TokenDevice>;

/**
 * A token outlives the removal of its device and a change of the password, so the device must also be there, and the
 * token of a generation that has not ended: one that has is `token-expired`, as a fresh one helps. While the directory does not answer
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
      if (await isThere()) {
        if (device.generation >= (await deviceSets.tokenGeneration(device.accountId))) return device;
        throw new ServiceError('token-expired', 'the password has been changed');
      }
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'unavailable') return device;
      throw error;
    }
    throw new ServiceError('unauthorized', 'the device has been removed');
  };
