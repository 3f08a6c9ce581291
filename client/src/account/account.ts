import type {
  AccountId,
  ChangePassword,
  DeviceId,
  Devices,
  ListedDevice,
  SigningIn,
} from '@restante/protocol';
import type { Listing, WaitingDevice } from '../events/messenger-events.ts';
import type { Device } from './device.ts';
import { isSameDevice } from './device-lists.ts';
import { enroll, type Credentials } from './enroll.ts';
import type { OwnKeys } from './keys.ts';
import { keyDigitsCode } from './key-code.ts';
import type { OwnList } from './own-list.ts';
import { MessengerError } from '../messenger-error.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Store } from '../vault/store.ts';

/** This device's account and its devices. */
export type Account = {
  /** Makes an account, with this vault as its first device; where that costs work, it takes a while. `invite`: an invite code. */
  readonly register: (credentials: Credentials & { readonly invite?: string }) => Promise<void>;
  /** Makes this vault a new device of an account. */
  readonly login: (credentials: Credentials) => Promise<void>;
  /** Who this is; null before `register` or `login`. */
  readonly self: () => Promise<{ accountId: AccountId; deviceId: DeviceId; username: string } | null>;
  /** All devices, as a master tells; those on the account's list are `listed`. */
  readonly devices: () => Promise<readonly (Devices['devices'][number] & { readonly listed: boolean })[]>;
  /** Takes a device off the list and ends it. */
  readonly removeDevice: (deviceId: DeviceId) => Promise<void>;
  /** Where this device stands with its account. */
  readonly listing: () => Promise<Listing>;
  /** Digits that name this device, for whoever lets it in. */
  readonly deviceDigits: () => Promise<string>;
  /** Devices that wait to be let in, as a master has told last, with the digits that they show; oldest first. */
  readonly waitingDevices: () => Promise<readonly (WaitingDevice & { readonly digits: string })[]>;
  /** Puts a waiting device on the list, with the keys that its person has seen. Throws `no-account-key`. */
  readonly letDeviceIn: (device: ListedDevice) => Promise<void>;
  /**
   * None of the devices on the list is left: begins another account key, with this device alone. Contacts are told. Of a device whose
   * key somebody has replaced it is the key that it has: contacts go back to what they know. Throws `unauthorized`.
   */
  readonly beginAccountKey: (password: string) => Promise<void>;
  /** The other account key that somebody has begun is right: this device waits to be let in by theirs. */
  readonly followAccountKey: () => Promise<void>;
  /** Ends the tokens of all devices, which get new ones, or with `removeOtherDevices` the devices. Throws `unauthorized`. */
  readonly changePassword: (change: ChangePassword) => Promise<void>;
  /** Deletes the account and everything that waits for it; the vault is left to its owner. */
  readonly deleteAccount: (password: string) => Promise<void>;
  /** Removes this device, if a master answers, so that nobody writes to it any more, and stops. The vault stays. */
  readonly signOut: () => Promise<void>;
};

export type AccountDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly keys: OwnKeys;
  readonly ownList: OwnList;
  readonly api: MasterApi;
  /** Ends what goes on by itself. */
  readonly stop: () => void;
  readonly loaded: Promise<unknown>;
};

export const createAccount = (deps: AccountDeps): Account => {
  const { store, device, keys, ownList, api, stop, loaded } = deps;
  const enrolling = { store, device, keys, ownList };

  const digitsOf = async (identityKey: string): Promise<string> =>
    (await keyDigitsCode()).deviceDigits(device.accountId(), identityKey);
  /** Who has no account key leaves the list to those who have. */
  const takeOff = async (remove: (device: ListedDevice) => boolean): Promise<void> => {
    try {
      await ownList.change({ remove });
    } catch (error) {
      if (!(error instanceof MessengerError && error.code === 'no-account-key')) throw error;
    }
  };

  return {
    register: async ({ invite, ...credentials }) => {
      await loaded;
      const ask = (request: SigningIn): ReturnType<typeof api.login> =>
        api.register(invite === undefined ? request : { ...request, invite });
      await enroll(enrolling, ask, credentials, 'first device');
      // What fails is done when the device connects.
      await ownList.publishFirst().catch((error: unknown) => {
        if (!(error instanceof MessengerError)) throw error;
      });
    },
    login: async (credentials) => {
      await loaded;
      await enroll(enrolling, api.login, credentials, 'another device');
    },
    self: async () => {
      await loaded;
      return device.isRegistered() ? { ...device.address(), username: device.self().username } : null;
    },
    devices: async () => {
      const told = await api.devices();
      await ownList.learn(told);
      const list = await store.get('deviceLists', device.accountId());
      const isListed = (each: ListedDevice): boolean =>
        list?.devices.some((listed) => isSameDevice(listed, each)) ?? false;
      return told.devices.map((each) => ({ ...each, listed: isListed(each) }));
    },
    removeDevice: async (deviceId) => {
      await takeOff((each) => each.deviceId === deviceId);
      await api.removeDevice(deviceId);
    },
    listing: async () => {
      await loaded;
      return ownList.listing();
    },
    deviceDigits: async () => {
      await loaded;
      return digitsOf(device.identity().identityKey);
    },
    waitingDevices: async () => {
      await loaded;
      return Promise.all(
        ownList.waitingDevices().map(async (each) => ({ ...each, digits: await digitsOf(each.identityKey) })),
      );
    },
    letDeviceIn: ({ deviceId, registrationId, identityKey }) =>
      ownList.change({ add: [{ deviceId, registrationId, identityKey }] }),
    beginAccountKey: ownList.beginAnew,
    followAccountKey: ownList.followSuccessor,
    changePassword: async (change) => {
      const ask = (): Promise<void> => api.changePassword(change);
      await (change.removeOtherDevices ? ownList.removeOthers(ask) : ask());
    },
    deleteAccount: async (password) => {
      await api.deleteAccount(password);
      stop();
    },
    signOut: async () => {
      await loaded;
      const { deviceId } = device.address();
      try {
        await takeOff((each) => each.deviceId === deviceId);
        await api.removeDevice(deviceId);
      } catch (error) {
        if (!(error instanceof MessengerError)) throw error;
      } finally {
        stop();
      }
    },
  };
};
