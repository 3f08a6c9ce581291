import type { DeviceId, Devices } from '@restante/protocol';
import type { Device } from './device.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { OwnDevice } from '../vault/tables.ts';

/** Devices that have signed in to the own account, until their person has been told of them. */
export type NewDevices = {
  /** Oldest first. */
  readonly newDevices: () => Promise<OwnDevice[]>;
  /** The person knows this device. */
  readonly knowDevice: (deviceId: DeviceId) => Promise<void>;
};

export type DeviceWatch = NewDevices & {
  /** Compares the devices that a master lists with those that were seen before, and tells of those that are new. */
  readonly note: (listed: Devices['devices']) => Promise<void>;
};

const MAX_DEVICES = 1_000;

const keyOf = ({ deviceId, registrationId }: Devices['devices'][number]): string =>
  `${deviceId}:${registrationId}`;

export const createDeviceWatch = (
  store: Store,
  device: Pick<Device, 'address'>,
  events: MessengerEventSource,
): DeviceWatch => {
  const listNew = async (reader: Pick<Transaction, 'list'>): Promise<OwnDevice[]> =>
    (await reader.list('ownDevices', { limit: MAX_DEVICES }))
      .map(({ value }) => value)
      .filter(({ isNew }) => isNew)
      .sort((a, b) => a.createdAt - b.createdAt);
  const tell = async (transaction: Transaction): Promise<void> => {
    const devices = await listNew(transaction);
    transaction.afterCommit(() => events.emit('new-devices', devices));
  };

  return {
    newDevices: () => listNew(store),
    knowDevice: (deviceId) =>
      store.transact(async (transaction) => {
        for (const { key, value } of await transaction.list('ownDevices', { limit: MAX_DEVICES }))
          if (value.deviceId === deviceId) transaction.put('ownDevices', key, { ...value, isNew: false });
        await tell(transaction);
      }),
    note: (listed) =>
      store.transact(async (transaction) => {
        const rows = await transaction.list('ownDevices', { limit: MAX_DEVICES });
        const seen = new Set(rows.map(({ key }) => key));
        const isThere = new Set(listed.map(keyOf));
        // Those that were there before this one first asked are none of its news.
        const isFirst = rows.length === 0;
        const added = listed.filter((each) => !seen.has(keyOf(each)));
        const gone = rows.filter(({ key }) => !isThere.has(key));
        for (const each of added) {
          const { deviceId, name, createdAt } = each;
          const isNew = !isFirst && deviceId !== device.address().deviceId;
          transaction.put('ownDevices', keyOf(each), { deviceId, name, createdAt, isNew });
        }
        for (const { key } of gone) transaction.delete('ownDevices', key);
        if (added.length + gone.length > 0) await tell(transaction);
      }),
  };
};
