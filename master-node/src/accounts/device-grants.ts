import { RENDEZVOUS_MS, type AccountId, type DeviceAddress } from '@restante/protocol';
import { ServiceError, type TokenSigner, type TokenVerifier } from '@restante/service-kit';
import type { AccountDevices, Directory } from '../directory/directory.ts';
import { onList } from '../directory/on-list.ts';

/**
 * Grants: a device on the list of its account has one other device added, without the password. A grant is for one identity key, and good for five
 * minutes, as long as the password stays and the device that has asked for it is on the list.
 */
export type DeviceGrants = {
  /** @throws ServiceError `device-waiting` */
  readonly give: (by: DeviceAddress, identityKey: string) => Promise<string>;
  /**
   * The account to which a device with this key may be added. That it serves once is for the directory to see to.
   *
   * @throws ServiceError `unauthorized`, `token-expired`; `forbidden`: it is for another device
   */
  readonly check: (grant: string, identityKey: string) => Promise<AccountId>;
};

type Deps = {
  readonly signer: Pick<TokenSigner, 'grant'>;
  readonly verifier: Pick<TokenVerifier, 'grant'>;
  readonly directory: Pick<Directory, 'accountDevices'>;
  readonly now: () => number;
};

export const createDeviceGrants = ({ signer, verifier, directory, now }: Deps): DeviceGrants => {
  const devicesOf = async (accountId: AccountId): Promise<AccountDevices> => {
    const found = await directory.accountDevices(accountId);
    if (found === null) throw new ServiceError('unauthorized', 'the account has been removed');
    return found;
  };
  const isOnList = (found: AccountDevices, { deviceId }: DeviceAddress): boolean =>
    onList(found).some((listed) => listed.deviceId === deviceId);

  return {
    give: async (by, identityKey) => {
      const found = await devicesOf(by.accountId);
      if (!isOnList(found, by))
        throw new ServiceError('device-waiting', 'the device is not on the list of its account');
      return signer.grant({ by, identityKey, generation: found.tokenGeneration }, now() + RENDEZVOUS_MS);
    },
    check: async (token, identityKey) => {
      const grant = await verifier.grant(token);
      if (grant.identityKey !== identityKey)
        throw new ServiceError('forbidden', 'the grant is for another device');
      const found = await devicesOf(grant.by.accountId);
      if (grant.generation !== found.tokenGeneration)
        throw new ServiceError('token-expired', 'the password has been changed');
      if (!isOnList(found, grant.by))
        throw new ServiceError('unauthorized', 'the device that has linked this one is not on the list');
      return grant.by.accountId;
    },
  };
};
