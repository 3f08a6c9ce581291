import type { AccountDevices, DeviceRecord } from './directory.ts';

/** The devices that the account's list names, with the keys that it names. */
export const onList = ({ devices, list }: AccountDevices): DeviceRecord[] =>
  devices.filter(({ deviceId, registrationId, identityKey }) =>
    list?.devices.some(
      (listed) =>
        listed.deviceId === deviceId &&
        listed.registrationId === registrationId &&
        listed.identityKey === identityKey,
    ),
  );
