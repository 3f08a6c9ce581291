import type { KeyBundle } from '@restante/protocol';
import type { ServerClock } from '../server/clock.ts';
import { encodeContent } from '../content/codec.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { Device } from '../account/device.ts';
import { introduce } from './introduction.ts';
import { MessengerError } from '../messenger-error.ts';
import type { DeviceLists } from '../account/device-lists.ts';
import type { OwnList } from '../account/own-list.ts';
import type { Composer } from './compose.ts';
import { tellAccountKey } from './own-sync.ts';
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
  readonly lists: DeviceLists;
  readonly ownList: Pick<OwnList, 'learn' | 'listing'>;
};

/**
 * Asks a master for the own devices and the list that says which of them count, and brings the sessions with them in line, so that each of
 * them gets a copy of what is sent from here. Devices that are new to this one are sent an empty request for a
 * fresh session: that is how they learn of this one. Answers whether this device is on the list: others do not hear it until it is.
 * Throws `unavailable` when a master that lists a device has no keys of it:
 * those that are there are served, and the other one is asked for again.
 */
export const syncOwnDevices = async ({
  store,
  device,
  clock,
  sessions,
  composer,
  api,
  lists,
  ownList,
}: Deps): Promise<boolean> => {
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
  const { accountId } = device.address();
  const told = await api.devices();
  await ownList.learn(told);
  const listing = await ownList.listing();
  if (listing !== 'listed' && listing !== 'replaced') return false;
  const wanted = await store.transact(async (transaction) => {
    const there = told.devices.map(({ deviceId }) => deviceId);
    const listed = (await transaction.get('deviceLists', accountId))?.devices ?? [];
    const absent = listed.map(({ deviceId }) => deviceId).filter((deviceId) => !there.includes(deviceId));
    await lists.noteAbsent(transaction, accountId, { absent, present: there });
    const active = await sessions.activeDevices(transaction, accountId);
    const recipients = (await sessions.recipients(transaction, accountId)) ?? [];
    return recipients.filter((deviceId) => !active.includes(deviceId));
  });
  const answers = await Promise.all(wanted.map((deviceId) => bundlesOf(api, accountId, deviceId)));
  const areAllMet = await store.transact(async (transaction) => {
    const active = await sessions.activeDevices(transaction, accountId);
    const bundles = answers
      .flatMap((answer) => answer.bundles)
      .filter(({ deviceId }) => !active.includes(deviceId));
    for (const bundle of bundles) await sessions.start(transaction, accountId, bundle);
    await greet(transaction, bundles);
    if (bundles.length > 0) await tellAccountKey(transaction, { clock, composer });
    const met = await sessions.activeDevices(transaction, accountId);
    const others = (await sessions.recipients(transaction, accountId)) ?? [];
    const areKnown = others.every((deviceId) => met.includes(deviceId));
    if (areKnown) transaction.put('ownDevicesKnown', ONLY, true);
    if (met.length > 0 || areKnown) await introduce(transaction, { device, clock, composer }, others.length);
    return areKnown;
  });
  if (!areAllMet) throw new MessengerError('unavailable', 'there are no keys of a device that is listed');
  return true;
};
