import type { AccountId, DeviceAddress, DeviceId, ListedDevice, SignedDeviceList } from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY, type DeviceListRow } from '../vault/tables.ts';
import type { Device } from './device.ts';
import { accountKeyCode } from './key-code.ts';

/**
 * The device lists of all accounts, as far as they were seen: what a server says of an account's devices counts only as its account key
 * has signed it, and never goes back (law 12). The first list of an account is believed, and from then on its key.
 */

/** Is told that an account has another account key than before. */
export type AccountKeyWatch = (
  transaction: Transaction,
  accountId: AccountId,
  accountKey: string,
) => Promise<void>;

/** Is told of devices that have come onto the list of another account. */
export type NewDeviceWatch = (
  transaction: Transaction,
  accountId: AccountId,
  devices: readonly DeviceId[],
) => Promise<void>;

/** `kept`: it is the newest by now. `same`: it was. Otherwise why it is not believed. */
export type Learnt = 'kept' | 'same' | 'successor' | 'not-signed' | 'older' | 'contradicting' | 'not-told';

export const isRefusal = (learnt: Learnt): boolean =>
  learnt !== 'kept' && learnt !== 'same' && learnt !== 'successor';

type Reader = Pick<Transaction, 'get'>;

export type DeviceLists = {
  /** Takes a list that a server has given for an account; null: it gave none, which says nothing. */
  readonly learn: (
    transaction: Transaction,
    accountId: AccountId,
    list: SignedDeviceList | null,
  ) => Promise<Learnt>;
  /** The own account goes on with another account key: its person says so. */
  readonly follow: (transaction: Transaction, list: SignedDeviceList) => void;
  /**
   * One of the account's devices says in a message of which generation its list is; the latest message counts, so that a device which has
   * said what is not true does so until the next one. Answers whether there is a newer list than the one that is known.
   */
  readonly expect: (
    transaction: Transaction,
    accountId: AccountId,
    said: NonNullable<DeviceListRow['expected']>,
  ) => Promise<boolean>;
  /** Notes whether masters have a device that is on a list. */
  readonly noteAbsent: (
    transaction: Transaction,
    accountId: AccountId,
    changes: { readonly absent: readonly DeviceId[]; readonly present: readonly DeviceId[] },
  ) => Promise<void>;
};

/** The keys of a device on the newest list of its account; undefined: it is on none. */
export const listedDevice = async (
  reader: Reader,
  { accountId, deviceId }: DeviceAddress,
): Promise<ListedDevice | undefined> =>
  (await reader.get('deviceLists', accountId))?.devices.find((each) => each.deviceId === deviceId);

/** A device that messages are taken from, with the time in the id of the last one. */
export type Speaker = ListedDevice & { readonly until: number };

/** Null: the account has, and had, no such device that may be heard now. */
export const speakerOf = (
  list: Pick<SignedDeviceList, 'devices' | 'former'> | undefined,
  deviceId: DeviceId,
): Speaker | null => {
  const isIt = (each: ListedDevice): boolean => each.deviceId === deviceId;
  const listed = list?.devices.find(isIt);
  return listed ? { ...listed, until: Infinity } : (list?.former.findLast(isIt) ?? null);
};

/** Devices that messages to an account are encrypted for, without this one; null: its list, or a newer one that there is, is not known. */
export const recipientDevices = async (
  reader: Reader,
  accountId: AccountId,
  self: DeviceAddress,
): Promise<readonly ListedDevice[] | null> => {
  const row = await reader.get('deviceLists', accountId);
  if (row === undefined || (row.expected?.generation ?? 0) > row.generation) return null;
  const isSelf = (deviceId: DeviceId): boolean => accountId === self.accountId && deviceId === self.deviceId;
  return row.devices.filter(({ deviceId }) => !isSelf(deviceId) && !row.absent.includes(deviceId));
};

export const isSameDevice = (a: ListedDevice, b: ListedDevice): boolean =>
  a.deviceId === b.deviceId && a.registrationId === b.registrationId && a.identityKey === b.identityKey;

const areSame = <D extends ListedDevice>(
  some: readonly D[],
  others: readonly D[],
  isSame: (a: D, b: D) => boolean,
): boolean =>
  some.length === others.length && some.every((each, index) => isSame(each, others[index] ?? each));

const haveSameDevices = (a: SignedDeviceList, b: SignedDeviceList): boolean =>
  areSame(a.devices, b.devices, isSameDevice) &&
  areSame(a.former, b.former, (one, other) => isSameDevice(one, other) && one.until === other.until);

/** What a list is to the one of the same account key that was seen last. */
const compared = (before: SignedDeviceList, list: SignedDeviceList): Learnt => {
  if (list.generation > before.generation) return 'kept';
  if (list.generation < before.generation) return 'older';
  return haveSameDevices(before, list) ? 'same' : 'contradicting';
};

const joined = (before: SignedDeviceList, list: SignedDeviceList): DeviceId[] =>
  list.devices
    .filter((each) => !before.devices.some((known) => isSameDevice(known, each)))
    .map(({ deviceId }) => deviceId);

const SAID: Partial<Record<Learnt, string>> = {
  'not-signed': 'the list of devices that a server gives is not signed by its account',
  older: 'the list of devices that a server gives is older than the one that was seen',
  contradicting: 'a server gives another list of devices than the one that was seen, of the same generation',
  'not-told': 'a server gives another list of devices than the device has told that has linked this one',
};

export const createDeviceLists = (
  device: Pick<Device, 'isRegistered' | 'accountId' | 'address'>,
  events: MessengerEventSource,
  onAccountKey: AccountKeyWatch,
  onNewDevices: NewDeviceWatch,
): DeviceLists => {
  /** `before`: of the same account key; what was noted beside it still holds. */
  const keep = (transaction: Transaction, list: SignedDeviceList, before?: DeviceListRow): void => {
    const { accountId, accountKey, generation, devices, former, signature } = list;
    const row: DeviceListRow = {
      ...{ accountId, accountKey, generation, devices, former, signature, absent: [] },
      ...(before?.expected && { expected: before.expected }),
      ...(before?.leaving && { leaving: before.leaving }),
    };
    transaction.put('deviceLists', accountId, row);
    transaction.afterCommit(() => events.emit('device-list', { accountId }));
  };

  const isOwn = (accountId: AccountId): boolean => device.isRegistered() && accountId === device.accountId();

  /** Somebody with the own password has begun another account key: a device that is on the list does not take that over by itself. */
  const isOwnPlace = (accountId: AccountId, before: DeviceListRow): boolean =>
    isOwn(accountId) && before.devices.some(({ deviceId }) => deviceId === device.address().deviceId);

  const refuse = (transaction: Transaction, accountId: AccountId, reason: Learnt): void =>
    transaction.afterCommit(() =>
      events.emit('fault', new MessengerError('device-list-refused', `${SAID[reason] ?? ''} (${accountId})`)),
    );

  /** Contacts are asked, or told. Generations of two keys say nothing of each other: a made-up key must not keep out the right one for good. */
  const learnAnotherKey = async (
    transaction: Transaction,
    before: DeviceListRow,
    list: SignedDeviceList,
  ): Promise<Learnt> => {
    const { accountId, accountKey } = list;
    if (!isOwnPlace(accountId, before)) {
      keep(transaction, list);
      await onAccountKey(transaction, accountId, accountKey);
      return 'kept';
    }
    if (list.generation <= before.generation) {
      refuse(transaction, accountId, 'older');
      return 'older';
    }
    if (before.successor?.signature === list.signature) return 'same';
    transaction.put('deviceLists', accountId, { ...before, successor: list });
    transaction.afterCommit(() => events.emit('device-list', { accountId }));
    return 'successor';
  };

  const learn: DeviceLists['learn'] = async (transaction, accountId, list) => {
    if (list === null) return 'same';
    const before = await transaction.get('deviceLists', accountId);
    if (before?.signature === list.signature && haveSameDevices(before, list)) return 'same';
    if (list.accountId !== accountId || !(await accountKeyCode()).isSignedList(list)) {
      refuse(transaction, accountId, 'not-signed');
      return 'not-signed';
    }
    const joining = isOwn(accountId) ? await transaction.get('joining', ONLY) : undefined;
    const isTold =
      joining === undefined ||
      (joining.accountKey === list.accountKey && joining.generation <= list.generation);
    if (!isTold) {
      refuse(transaction, accountId, 'not-told');
      return 'not-told';
    }
    if (before !== undefined && before.accountKey !== list.accountKey)
      return learnAnotherKey(transaction, before, list);
    const learnt = before === undefined ? 'kept' : compared(before, list);
    if (learnt === 'kept') {
      keep(transaction, list, before);
      if (before !== undefined && !isOwn(accountId))
        await onNewDevices(transaction, accountId, joined(before, list));
    } else if (learnt !== 'same') refuse(transaction, accountId, learnt);
    return learnt;
  };

  return {
    learn,
    follow: (transaction, list) => keep(transaction, list),
    expect: async (transaction, accountId, said) => {
      const row = await transaction.get('deviceLists', accountId);
      if (row === undefined || said.id <= (row.expected?.id ?? '')) return false;
      if (said.generation <= row.generation && row.expected === undefined) return false;
      transaction.put('deviceLists', accountId, { ...row, expected: said });
      return said.generation > row.generation;
    },
    noteAbsent: async (transaction, accountId, { absent, present }) => {
      const row = await transaction.get('deviceLists', accountId);
      if (row === undefined) return;
      const known = row.absent.filter((deviceId) => !present.includes(deviceId));
      const next = [...new Set([...known, ...absent])].filter((deviceId) =>
        row.devices.some((each) => each.deviceId === deviceId),
      );
      if (next.join() !== row.absent.join())
        transaction.put('deviceLists', accountId, { ...row, absent: next });
    },
  };
};
