import type { AccountId } from '@restante/protocol';
import type { Logger } from '@restante/service-kit';
import type { DeviceSets } from '../directory/device-sets.ts';
import type { Sessions } from './sessions.ts';

/** Forgets the device set of an account that has changed, and ends connections of devices that are no more. */
export const createDeviceRemovals =
  (deviceSets: DeviceSets, sessions: Sessions, log: Logger) =>
  (account: AccountId): void => {
    deviceSets.forget(account);
    if (sessions.ofAccount(account).length === 0) return;
    deviceSets.get(account).then(
      (set) => {
        for (const session of sessions.ofAccount(account)) {
          if (!set?.has(session.device.deviceId)) session.end('unauthorized', 'the device has been removed');
        }
      },
      (error: unknown) => log.debug({ event: 'devices-unknown', err: error }, 'no device set was read'),
    );
  };
