import {
  LIMITS,
  type DeviceId,
  type Devices,
  type FormerDevice,
  type ListedDevice,
} from '@restante/protocol';
import { isAway, MessengerError } from '../messenger-error.ts';
import type { Listing, MessengerEventSource, WaitingDevice } from '../events/messenger-events.ts';
import type { ServerClock } from '../server/clock.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY, type AccountKey, type DeviceListRow } from '../vault/tables.ts';
import { isRefusal, isSameDevice, type DeviceLists, type Learnt } from './device-lists.ts';
import type { Device } from './device.ts';
import { accountKeyCode } from './key-code.ts';

/**
 * The own account's device list: what this device signs of it. Two devices may change it at the same time; a master takes the first, and
 * the other one reads that and signs its change anew.
 */

export type OwnList = {
  /** Makes the account key of a new account; its list is published with {@link OwnList.publishFirst}. */
  readonly create: () => Promise<void>;
  /** Publishes the first list, with this device alone, unless there is one. */
  readonly publishFirst: () => Promise<void>;
  readonly listing: () => Promise<Listing>;
  /** Devices that wait, as a master has told last; oldest first. */
  readonly waitingDevices: () => readonly WaitingDevice[];
  /** Takes what a master tells of the own devices, and publishes what it lacks. */
  readonly learn: (told: Devices) => Promise<void>;
  /** Puts devices on the list, and takes some off. Throws `no-account-key`. */
  readonly change: (changes: {
    readonly add?: readonly ListedDevice[];
    readonly remove?: (device: ListedDevice) => boolean;
  }) => Promise<void>;
  /**
   * Takes all other devices off when masters have ended them, which `end` asks for. Where its answer is lost, or this stops half-way, the
   * list is changed when a master tells of the devices and has them no more. Throws what `end` throws.
   */
  readonly removeOthers: (end: () => Promise<void>) => Promise<void>;
  /** Ends the list that there is: begins another account key, with this device alone. Asks for the password. */
  readonly beginAnew: (password: string) => Promise<void>;
  /** What another own device has begun is right: this one waits to be let in there. */
  readonly followSuccessor: () => Promise<void>;
  /**
   * Puts this device, which another one has linked, on the list. Throws `device-list-refused`: a server gives another list than that one has told;
   * what else it throws may pass, and is done when the device connects.
   */
  readonly join: () => Promise<void>;
  /** What a device is told that is linked. Throws `no-account-key`. */
  readonly keyToTell: () => Promise<{ readonly key: AccountKey; readonly generation: number }>;
  /** Another own device tells the account key. Null: it is not that of the list. */
  readonly takeKey: (transaction: Transaction, key: AccountKey) => Promise<boolean>;
};

export type OwnListDeps = {
  readonly store: Store;
  readonly device: Pick<Device, 'accountId' | 'address' | 'identity' | 'isRegistered'>;
  readonly api: Pick<MasterApi, 'devices' | 'putDeviceList' | 'replaceAccountKey'>;
  readonly lists: DeviceLists;
  readonly events: MessengerEventSource;
  readonly clock: Pick<ServerClock, 'now'>;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
};

/** A device that leaves may have written a moment ago, by a clock that is ahead. */
const leavingTime = (now: number): number => now + LIMITS.clockSkewMs;

/** Who has left, of the devices of before too, as long as mail of theirs may come. The newest, where they are too many. */
const formerOf = (
  known: readonly FormerDevice[],
  devices: readonly ListedDevice[],
  left: readonly ListedDevice[],
  now: number,
): FormerDevice[] =>
  [...known, ...left.map((each) => ({ ...each, until: leavingTime(now) }))]
    .filter(({ until }) => until > now - LIMITS.messageTtlMs)
    .filter((each) => !devices.some((listed) => isSameDevice(listed, each)))
    .sort((a, b) => a.until - b.until)
    .slice(-LIMITS.formerDevices);

/** How often a change is signed anew because another one was first. */
const MAX_ATTEMPTS = 8;

/** A device that was linked and has not got on the list for so long waits to be let in, as who signs in does. */
const JOINING_MS = 24 * 60 * 60 * 1000;

const unlessAway = (error: unknown): void => {
  if (!isAway(error)) throw error;
};

const hasListed = (row: DeviceListRow, self: ListedDevice): boolean =>
  row.devices.some((each) => isSameDevice(each, self));

export const createOwnList = (deps: OwnListDeps): OwnList => {
  const { store, device, api, lists, events, clock, random } = deps;
  let waiting: readonly WaitingDevice[] = [];
  let told: Listing | null = null;
  /** Changes of this device, one after the other. */
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
  const self = (): ListedDevice => {
    const { registrationId, identityKey } = device.identity();
    return { deviceId: device.address().deviceId, registrationId, identityKey };
  };
  const ownRow = (reader: Pick<Transaction, 'get'>): Promise<DeviceListRow | undefined> =>
    reader.get('deviceLists', device.accountId());
  const listing = async (): Promise<Listing> => {
    const row = await ownRow(store);
    if (row === undefined) return 'unknown';
    if (!hasListed(row, self())) return (await store.get('joining', ONLY)) ? 'unknown' : 'waiting';
    return row.successor ? 'replaced' : 'listed';
  };
  const tellListing = async (): Promise<void> => {
    const now = await listing();
    if (now === told) return;
    told = now;
    events.emit('listing', now);
  };
  /** `as`: only who is on the list changes it, but for a device that puts itself there. */
  const keyOf = async (
    reader: Pick<Transaction, 'get'>,
    row: DeviceListRow,
    as: 'listed' | 'joining' = 'listed',
  ): Promise<AccountKey> => {
    const key = await reader.get('accountKey', ONLY);
    if (key?.accountKey !== row.accountKey || (as === 'listed' && !hasListed(row, self())))
      throw new MessengerError('no-account-key', 'this device has not the account key');
    return key;
  };
  /** A device that has been on the list puts itself there no more, and one that has been taken off neither. */
  const endJoining = async (transaction: Transaction): Promise<void> => {
    const joining = await transaction.get('joining', ONLY);
    const row = await ownRow(transaction);
    if (joining === undefined || row === undefined) return;
    const wasListed = [...row.devices, ...row.former].some((each) => isSameDevice(each, self()));
    if (wasListed || clock.now() > joining.since + JOINING_MS) transaction.delete('joining', ONLY);
  };
  const learnList = async (list: Devices['list']): Promise<Learnt> => {
    const learnt = await store.transact(async (transaction) => {
      const answer = await lists.learn(transaction, device.accountId(), list);
      await endJoining(transaction);
      return answer;
    });
    await tellListing();
    return learnt;
  };
  const isConflict = (error: unknown): boolean =>
    error instanceof MessengerError && error.code === 'device-list-conflict';

  const changeOnce = async (
    edit: (devices: readonly ListedDevice[]) => readonly ListedDevice[],
    as: 'listed' | 'joining' = 'listed',
  ): Promise<void> => {
    const { signDeviceList } = await accountKeyCode();
    for (let attempt = 1; ; attempt += 1) {
      const row = await ownRow(store);
      if (row === undefined)
        throw new MessengerError('no-account-key', 'there is no list of the account yet');
      if (as === 'joining' && (await store.get('joining', ONLY)) === undefined) return;
      const key = await keyOf(store, row, as);
      const devices = [...edit(row.devices)];
      const isSame =
        devices.length === row.devices.length &&
        devices.every((each) => row.devices.some((before) => isSameDevice(before, each)));
      if (isSame || devices.length === 0) return;
      const left = row.devices.filter((before) => !devices.some((each) => isSameDevice(each, before)));
      const former = formerOf(row.former, devices, left, clock.now());
      const { accountId, generation } = row;
      const list = signDeviceList(key, { accountId, generation: generation + 1, devices, former });
      try {
        await api.putDeviceList(list);
        await learnList(list);
        return;
      } catch (error) {
        if (!isConflict(error) || attempt >= MAX_ATTEMPTS) throw error;
        await learn(await api.devices(), 'read');
      }
    }
  };
  const change: OwnList['change'] = ({ add = [], remove = () => false }) =>
    inTurn(() =>
      changeOnce((devices) => [
        ...devices.filter((each) => !remove(each) && !add.some(({ deviceId }) => deviceId === each.deviceId)),
        ...add,
      ]),
    );

  const joinList = async (): Promise<void> => {
    if ((await store.get('joining', ONLY)) === undefined || (await ownRow(store)) === undefined) return;
    const own = self();
    await inTurn(() =>
      changeOnce(
        (devices) => [...devices.filter(({ deviceId }) => deviceId !== own.deviceId), own],
        'joining',
      ),
    );
  };

  const publishFirst: OwnList['publishFirst'] = () =>
    inTurn(async () => {
      const key = await store.get('accountKey', ONLY);
      if (key === undefined || (await ownRow(store)) !== undefined) return;
      const { signDeviceList } = await accountKeyCode();
      const list = signDeviceList(key, {
        ...{ accountId: device.accountId(), generation: 1, devices: [self()], former: [] },
      });
      try {
        await api.putDeviceList(list);
        await learnList(list);
      } catch (error) {
        if (!isConflict(error)) throw error;
        await learnList((await api.devices()).list);
      }
    });

  const create: OwnList['create'] = async () => {
    const { createAccountKey } = await accountKeyCode();
    await store.transact((transaction) => transaction.put('accountKey', ONLY, createAccountKey(random)));
  };

  /** Of two lists of one generation what both say holds: who is on one alone is asked about once more. */
  const settle = async (other: NonNullable<Devices['list']>): Promise<void> => {
    const isOnOther = (each: ListedDevice): boolean => other.devices.some((its) => isSameDevice(its, each));
    // Whoever took this device off has the last word.
    if (!isOnOther(self())) return;
    await changeOnce((devices) => devices.filter(isOnOther));
    // When there was nothing to leave out here, the list of before is said again, so that it follows on both.
    const row = await ownRow(store);
    if (row === undefined || row.generation !== other.generation) return;
    const former = formerOf([...row.former, ...other.former], row.devices, [], clock.now());
    const { signDeviceList } = await accountKeyCode();
    const again = signDeviceList(await keyOf(store, row), { ...row, generation: row.generation + 1, former });
    await api.putDeviceList(again);
    await learnList(again);
  };

  /** `write`: what masters lack is given to them. */
  const learn = async ({ devices, list }: Devices, mode: 'read' | 'write'): Promise<Learnt> => {
    const before = await ownRow(store);
    const learnt = await learnList(list);
    if (mode === 'write') {
      await joinList();
      await giveWhatIsLacking(devices, list, learnt, before);
      await takeOffThoseThatLeft(devices);
    }
    const row = await ownRow(store);
    const isListed = ({ deviceId, registrationId, identityKey }: ListedDevice): boolean =>
      row?.devices.some((each) => isSameDevice(each, { deviceId, registrationId, identityKey })) ?? false;
    const now = devices.filter((each) => !isListed(each)).sort((a, b) => a.createdAt - b.createdAt);
    const isSame =
      now.length === waiting.length && now.every((each, index) => isSameDevice(each, waiting[index] ?? each));
    if (isSame) return learnt;
    waiting = now;
    events.emit('waiting-devices', now);
    return learnt;
  };

  const noteLeaving = (leaving: readonly DeviceId[]): Promise<void> =>
    store.transact(async (transaction) => {
      const row = await ownRow(transaction);
      if (row === undefined || (row.leaving ?? []).join() === leaving.join()) return;
      transaction.put('deviceLists', row.accountId, { ...row, leaving });
    });

  /** They were to end, and masters have them no more: both together, for a master alone might say so of anybody. */
  const takeOffThoseThatLeft = async (devices: Devices['devices']): Promise<void> => {
    const { leaving = [] } = (await ownRow(store)) ?? {};
    if (leaving.length === 0) return;
    const gone = leaving.filter((each) => devices.every(({ deviceId }) => deviceId !== each));
    try {
      if (gone.length > 0) await change({ remove: ({ deviceId }) => gone.includes(deviceId) });
      await noteLeaving([]);
    } catch (error) {
      // The key follows from another device.
      if (!(error instanceof MessengerError && error.code === 'no-account-key')) throw error;
    }
  };

  const giveWhatIsLacking = async (
    devices: Devices['devices'],
    list: Devices['list'],
    learnt: Awaited<ReturnType<DeviceLists['learn']>>,
    before: DeviceListRow | undefined,
  ): Promise<void> => {
    const key = await store.get('accountKey', ONLY);
    // Whoever was linked has been told that there is a list.
    if (await store.get('joining', ONLY)) return;
    if (list === null && before === undefined) {
      // The device that was there first begins, if its account is from before there were account keys.
      const isFirst = devices.every(({ deviceId }) => deviceId >= device.address().deviceId);
      if (key === undefined && isFirst) await create();
      if (key !== undefined || isFirst) await publishFirst();
      return;
    }
    if (before === undefined || key?.accountKey !== before.accountKey || !hasListed(before, self())) return;
    // Masters have lost the newest one, or have another one of two that were made apart.
    if (learnt === 'older' && list?.accountKey === before.accountKey) {
      const { accountId, accountKey, generation, devices: listed, former, signature } = before;
      const newest = { accountId, accountKey, generation, devices: listed, former, signature };
      await inTurn(() => api.putDeviceList(newest)).catch((error: unknown) => {
        if (!isConflict(error)) throw error;
      });
    }
    if (learnt === 'contradicting' && list !== null) await inTurn(() => settle(list));
  };

  return {
    create,
    publishFirst,
    listing,
    waitingDevices: () => waiting,
    learn: async (answer) => {
      await learn(answer, 'write');
    },
    change,
    removeOthers: async (end) => {
      const { deviceId: own } = self();
      const others = ((await ownRow(store))?.devices ?? [])
        .map(({ deviceId }) => deviceId)
        .filter((deviceId) => deviceId !== own);
      await noteLeaving(others);
      try {
        await end();
      } catch (error) {
        if (!isAway(error)) await noteLeaving([]);
        throw error;
      }
      // What fails is done when the device connects.
      await api.devices().then((devices) => learn(devices, 'write'), unlessAway);
    },
    beginAnew: (password) =>
      inTurn(async () => {
        const { createAccountKey, signDeviceList } = await accountKeyCode();
        const { list } = await api.devices();
        const row = await ownRow(store);
        const known = await store.get('accountKey', ONLY);
        // A key that this device has had, and that somebody has replaced, is taken up again: contacts have verified it.
        const key = known && known.accountKey !== list?.accountKey ? known : createAccountKey(random);
        await store.transact((transaction) => transaction.put('accountKey', ONLY, key));
        const generation = Math.max(list?.generation ?? 0, row?.generation ?? 0) + 1;
        const devices = [self()];
        const left = row?.devices.filter((each) => !isSameDevice(each, self())) ?? [];
        const former = formerOf(row?.former ?? [], devices, left, clock.now());
        const next = signDeviceList(key, { accountId: device.accountId(), generation, devices, former });
        await api.replaceAccountKey({ password, list: next });
        await store.transact((transaction) => lists.follow(transaction, next));
        await tellListing();
      }),
    followSuccessor: async () => {
      await store.transact(async (transaction) => {
        const row = await ownRow(transaction);
        if (row?.successor) lists.follow(transaction, row.successor);
      });
      await tellListing();
    },
    join: async () => {
      const learnt = await learn(await api.devices(), 'write');
      if ((await ownRow(store)) === undefined || isRefusal(learnt))
        throw new MessengerError('device-list-refused', 'the server gives another list than was told');
    },
    keyToTell: async () => {
      const row = await ownRow(store);
      if (row === undefined)
        throw new MessengerError('no-account-key', 'there is no list of the account yet');
      return { key: await keyOf(store, row), generation: row.generation };
    },
    takeKey: async (transaction, key) => {
      const row = await ownRow(transaction);
      if (row?.accountKey !== key.accountKey || !hasListed(row, self())) return false;
      transaction.put('accountKey', ONLY, key);
      return true;
    },
  };
};
