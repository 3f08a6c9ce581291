import type {
  AccountId,
  DeviceAddress,
  DeviceId,
  DeviceKeys,
  KeyBundle,
  KeyStock,
  ReplenishKeys,
  SignedDeviceList,
  Username,
} from '@restante/protocol';

export type AccountRecord = {
  readonly accountId: AccountId;
  readonly username: Username;
  readonly passwordHash: string;
  /** Grows with each change of the password; tokens of an earlier one have ended. */
  readonly tokenGeneration: number;
  /** Null: none has been signed yet. */
  readonly list: SignedDeviceList | null;
};

export type DeviceRecord = {
  readonly deviceId: DeviceId;
  readonly name: string;
  readonly registrationId: number;
  readonly identityKey: string;
  readonly secretHash: string;
  readonly createdAt: number;
};

export type AccountDevices = {
  readonly devices: DeviceRecord[];
  readonly tokenGeneration: number;
  /** Null: none has been signed yet. */
  readonly list: SignedDeviceList | null;
};

export type DeviceToAdd = {
  readonly name: string;
  readonly keys: DeviceKeys;
  readonly secretHash: string;
};

/** A bundle, and whether its Kyber key is a one-time key rather than the one of last resort. */
export type TakenKeyBundle = {
  readonly bundle: KeyBundle;
  readonly hasOneTimeKyberPreKey: boolean;
  /** One-time keys that are left; null when that cannot be read. */
  readonly left: KeyStock | null;
};

/** What a connection of a device depends on. */
export type Standing = {
  readonly tokenGeneration: number;
  /** Its one-time keys run out. */
  readonly keysLow: boolean;
};

/**
 * Accounts, devices and their public keys: what masters share. Every verb throws ServiceError `unavailable` when no
 * store answers, and can then be tried again.
 */
export type Directory = {
  /**
   * Makes an account with its first device. The username is taken last, so it never leads to nothing. `invite`: the code that it uses
   * up.
   *
   * @throws ServiceError `username-taken`, `invite-invalid`
   */
  readonly createAccount: (
    username: Username,
    passwordHash: string,
    device: DeviceToAdd,
    invite?: string,
  ) => Promise<DeviceAddress>;
  /**
   * Passes when this code may make an account of this name, and uses nothing up.
   *
   * @throws ServiceError `invite-invalid`
   */
  readonly checkInvite: (invite: string, username: Username) => Promise<void>;
  /** Whose username it is; null when it is free as far as the stores that answer know. */
  readonly findUsername: (username: Username) => Promise<AccountId | null>;
  readonly account: (account: AccountId) => Promise<AccountRecord | null>;
  /** The newest list of an account's devices, also of one that has ended; null when there is none. */
  readonly deviceList: (account: AccountId) => Promise<SignedDeviceList | null>;
  /** Whether there is a record that the account has ended; false when there is none, and when the account is unknown. */
  readonly isRemoved: (account: AccountId) => Promise<boolean>;
  /** Ends an account, its devices and keys, and frees its username. Unknown is a success. */
  readonly deleteAccount: (account: AccountId) => Promise<void>;
  /**
   * Adds a device under the lowest free number, with a name that no other has: `<name> (2)` when its own is taken. The number of a removed device is free once its tokens have expired.
   * `once`: as long as its number rests, no other device of the account has, or had, its identity key.
   *
   * @throws ServiceError `device-limit`; `not-found` when there is no such account; `grant-used`
   */
  readonly addDevice: (
    account: AccountId,
    device: DeviceToAdd,
    times?: 'once' | 'again',
  ) => Promise<DeviceId>;
  /** Replaces the password, and ends the tokens that there are. Gives their new generation; null when there is no such account. */
  readonly changePassword: (account: AccountId, passwordHash: string) => Promise<number | null>;
  /** Devices by rising number; null when there is no such account. */
  readonly devices: (account: AccountId) => Promise<DeviceRecord[] | null>;
  /** The same with what the account says of them, in one read. */
  readonly accountDevices: (account: AccountId) => Promise<AccountDevices | null>;
  /**
   * Keeps a list that follows on the account's last one, by at most 1,000 generations, signed by the same key or by another one; the
   * one that is there already changes nothing. Whoever calls has checked the signature.
   *
   * @throws ServiceError `device-list-conflict` when another one is there; `not-found` when there is no such account
   */
  readonly putDeviceList: (list: SignedDeviceList, by: 'same key' | 'another key') => Promise<void>;
  readonly device: (device: DeviceAddress) => Promise<DeviceRecord | null>;
  /**
   * Of a device that is there; null when it is not, as far as one store knows. Those who ask at the same time share a read:
   * for many who come at once.
   */
  readonly standing: (device: DeviceAddress) => Promise<Standing | null>;
  /** Ends a device and its keys. Unknown is a success. */
  readonly removeDevice: (device: DeviceAddress) => Promise<void>;
  /** What starts a session, with one-time keys that nobody else gets; null when there is no such device. */
  readonly takeKeyBundle: (device: DeviceAddress) => Promise<TakenKeyBundle | null>;
  /**
   * Adds one-time keys and replaces signed ones. Adding a key again, even one that is used up, changes nothing, nor does one
   * whose id is below that of any before.
   *
   * @throws ServiceError `not-found` when there is no such device, `bad-request` when the stock would be over its bound
   */
  readonly replenishKeys: (device: DeviceAddress, keys: ReplenishKeys) => Promise<KeyStock>;
  /** One-time keys that are left; null when there is no such device. */
  readonly keyStock: (device: DeviceAddress) => Promise<KeyStock | null>;
  /** Passes when a store answers. */
  readonly ping: () => Promise<void>;
};
