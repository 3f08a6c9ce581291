import type { Device } from './device.ts';
import type { Sessions } from './outbox/sessions.ts';
import type { MasterApi } from './server/master-api.ts';
import type { Store } from './vault/store.ts';

/**
 * Brings the sessions with this account's other devices in line with the devices that there are, so that each of
 * them gets a copy of what is sent from here.
 */
export const syncOwnDevices = async (
  store: Store,
  device: Device,
  sessions: Sessions,
  api: Pick<MasterApi, 'devices' | 'keys'>,
): Promise<void> => {
  const { accountId, deviceId: ownId } = device.address();
  const listed = (await api.devices()).devices.map(({ deviceId }) => deviceId).filter((id) => id !== ownId);
  const known = await store.transact((transaction) => sessions.activeDevices(transaction, accountId));
  const added = listed.filter((id) => !known.includes(id));
  const answers = await Promise.all(added.map((id) => api.keys(accountId, id)));
  await store.transact(async (transaction) => {
    const active = await sessions.activeDevices(transaction, accountId);
    for (const bundle of answers.flatMap(({ bundles }) => bundles)) {
      if (!active.includes(bundle.deviceId)) await sessions.start(transaction, accountId, bundle);
    }
    for (const deviceId of known.filter((id) => !listed.includes(id))) {
      await sessions.deactivate(transaction, { accountId, deviceId });
    }
  });
};
