import type { AccountId, ChangePassword, DeviceId, Devices } from '@restante/protocol';
import type { Device } from './device.ts';
import { enroll, type Credentials } from './enroll.ts';
import type { OwnKeys } from './keys.ts';
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
  readonly devices: () => Promise<Devices['devices']>;
  readonly removeDevice: (deviceId: DeviceId) => Promise<void>;
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
  readonly api: MasterApi;
  /** Ends what goes on by itself. */
  readonly stop: () => void;
  readonly loaded: Promise<unknown>;
};

export const createAccount = ({ store, device, keys, api, stop, loaded }: AccountDeps): Account => ({
  register: async ({ invite, ...credentials }) => {
    await loaded;
    const ask: typeof api.login = (request) =>
      api.register(invite === undefined ? request : { ...request, invite });
    await enroll({ store, device, keys }, ask, credentials, 'first device');
  },
  login: async (credentials) => {
    await loaded;
    await enroll({ store, device, keys }, api.login, credentials, 'another device');
  },
  self: async () => {
    await loaded;
    return device.isRegistered() ? { ...device.address(), username: device.self().username } : null;
  },
  devices: async () => (await api.devices()).devices,
  removeDevice: api.removeDevice,
  changePassword: api.changePassword,
  deleteAccount: async (password) => {
    await api.deleteAccount(password);
    stop();
  },
  signOut: async () => {
    await loaded;
    try {
      await api.removeDevice(device.address().deviceId);
    } catch (error) {
      if (!(error instanceof MessengerError)) throw error;
    } finally {
      stop();
    }
  },
});
