import type { KeyBundle } from '@restante/protocol';
import type { ServerClock } from '../server/clock.ts';
import { encodeContent } from '../content/codec.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { Device } from '../account/device.ts';
import { introduce } from './introduction.ts';
import { MessengerError } from '../messenger-error.ts';
import type { DeviceWatch } from '../account/new-devices.ts';
import type { Composer } from './compose.ts';
import type { Sessions } from './sessions.ts';
import { bundlesOf } from '../server/key-bundles.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';

type Deps = {
  readonly store: Store;
  readonly device: Device;
  readonly clock: ServerClock;
  readonly sessions: Sessions;
  readonly composer: Composer;
  readonly api: Pick<MasterApi, 'devices' | 'keys'>;
  readonly deviceWatch: Pick<DeviceWatch, 'note'>;
};

/**
 * Brings the sessions with this account's other devices in line with the devices that there are, so that each of
 * them gets a copy of what is sent from here. Devices that are new to this one are sent an empty request for a
 * fresh session: that is how they learn of this one. Throws `unavailable` when a master that lists a device has no keys of it:
 * those that are there are served, and the other one is asked for again.
 */
export const syncOwnDevices = async ({
  store,
  device,
  clock,
  sessions,
  composer,
  api,
  deviceWatch,
}: Deps): Promise<void> => {
  const greet = async (transaction: Transaction, bundles: readonly KeyBundle[]): Promise<void> => {
    const [first] = bundles;
    if (first === undefined) return;
    const greeting = encodeContent({
      v: CONTENT_VERSION,
      kind: 'session-renewal',
      deviceId: first.deviceId,
      ids: [],
    });
    await composer.enqueue(transaction, await clock.mint(transaction), {
      to: null,
      ownCopy: greeting,
      renew: [],
      shows: null,
    });
  };
  const { accountId, deviceId: ownId } = device.address();
  const { devices } = await api.devices();
  await deviceWatch.note(devices);
  const listed = devices.map(({ deviceId }) => deviceId).filter((id) => id !== ownId);
  const known = await store.transact((transaction) => sessions.activeDevices(transaction, accountId));
  const added = listed.filter((id) => !known.includes(id));
  const answers = await Promise.all(added.map((id) => bundlesOf(api, accountId, id)));
  const areAllMet = await store.transact(async (transaction) => {
    const active = await sessions.activeDevices(transaction, accountId);
    const bundles = answers.flat().filter(({ deviceId }) => !active.includes(deviceId));
    for (const bundle of bundles) await sessions.start(transaction, accountId, bundle);
    for (const deviceId of known.filter((id) => !listed.includes(id))) {
      await sessions.deactivate(transaction, { accountId, deviceId });
    }
    await greet(transaction, bundles);
    const met = await sessions.activeDevices(transaction, accountId);
    const areKnown = listed.every((id) => met.includes(id));
    if (areKnown) transaction.put('ownDevicesKnown', ONLY, true);
    if (met.length > 0 || areKnown) await introduce(transaction, { device, clock, composer }, listed.length);
    return areKnown;
  });
  if (!areAllMet) throw new MessengerError('unavailable', 'there are no keys of a device that is listed');
};
