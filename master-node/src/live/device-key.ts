import type { DeviceAddress } from '@restante/protocol';

/** A device as the key of a map. */
export const deviceKey = ({ accountId, deviceId }: DeviceAddress): string => `${accountId}:${deviceId}`;
