import { generateKeyPairSync, sign } from 'node:crypto';
import { deviceListBytes, type DeviceList, type SignedDeviceList } from '@restante/protocol';

/** The account key of somebody who has no messenger, and signs whatever a test wants. */
export type TestAccountKey = {
  /** Base64. */
  readonly accountKey: string;
  /** Devices in any order; none has left, unless it says so. */
  readonly sign: (
    list: Omit<DeviceList, 'accountKey' | 'former'> & Partial<Pick<DeviceList, 'former'>>,
  ) => SignedDeviceList;
};

export const newTestAccountKey = (): TestAccountKey => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const accountKey = Buffer.from(x, 'base64url').toString('base64');
  return {
    accountKey,
    sign: (given) => {
      const devices = given.devices.toSorted((a, b) => a.deviceId - b.deviceId);
      const list = { former: [], ...given, accountKey, devices };
      return { ...list, signature: sign(null, deviceListBytes(list), privateKey).toString('base64') };
    },
  };
};
