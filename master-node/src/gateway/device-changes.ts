import type { AccountId } from '@restante/protocol';
import type { Logger } from '@restante/service-kit';
import type { DeviceSets } from '../directory/device-sets.ts';
import type { Sessions } from './sessions.ts';

/**
 * Forgets what is kept of an account that has changed; ends connections of devices that are no more and those whose
 * tokens have ended, and tells the others that there may be other devices.
 */
export const createDeviceChanges = (deviceSets: DeviceSets, sessions: Sessions, log: Logger) => {
  const tell = async (account: AccountId): Promise<void> => {
    const set = await deviceSets.get(account);
    const generation = await deviceSets.tokenGeneration(account);
    for (const session of sessions.ofAccount(account)) {
      if (!set?.all.has(session.device.deviceId)) session.end('unauthorized', 'the device has been removed');
      else if (session.tokenGeneration < generation)
        session.end('token-expired', 'the password has been changed');
      else session.push({ type: 'devices' });
    }
  };
  return (account: AccountId): void => {
    deviceSets.forget(account);
    if (sessions.ofAccount(account).length === 0) return;
    tell(account).catch((error: unknown) =>
      log.debug({ event: 'devices-unknown', err: error }, 'no device set was read'),
    );
  };
};
