import type { RegisteredDevice, SigningIn } from '@restante/protocol';
import type { Device } from './device.ts';
import type { OwnKeys } from './keys.ts';
import type { OwnList } from './own-list.ts';
import { MessengerError } from '../messenger-error.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';

export type Credentials = {
  readonly username: string;
  readonly password: string;
  /** What the owner calls this device. */
  readonly deviceName: string;
};

export type EnrollDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly keys: OwnKeys;
  readonly ownList: Pick<OwnList, 'create'>;
};

/** Keeps what a master has registered: from now on this vault is that device. `beside`: what is kept in the same commit. */
export type KeepRegistered = (
  registered: RegisteredDevice,
  beside: (transaction: Transaction) => void,
) => Promise<void>;

export const createKeepRegistered =
  ({ store, device }: Pick<EnrollDeps, 'store' | 'device'>): KeepRegistered =>
  async ({ deviceSecret, ...tokens }, beside) => {
    const { accountId, deviceId, username, serverTime: registeredAt } = tokens;
    await store.transact((transaction) => {
      transaction.put('self', ONLY, { accountId, deviceId, username, deviceSecret, registeredAt });
      transaction.put('tokens', ONLY, tokens);
      beside(transaction);
    });
    await device.load();
  };

/** Makes this vault a device of an account: `ask` registers it with the masters. */
export const enroll = async (
  { store, device, keys, ownList }: EnrollDeps,
  ask: (request: SigningIn) => Promise<RegisteredDevice>,
  { username, password, deviceName }: Credentials,
  kind: 'first device' | 'another device',
): Promise<void> => {
  if (device.isRegistered()) throw new MessengerError('already-registered', 'this vault has an account');
  // Before anybody can know of the account: it is published as soon as the master has told its id.
  if (kind === 'first device') await ownList.create();
  const publicKeys = await keys.create();
  const registered = await ask({ username, password, device: { name: deviceName, keys: publicKeys } });
  await createKeepRegistered({ store, device })(registered, (transaction) => {
    if (kind === 'another device')
      transaction.put('introduction', ONLY, { since: registered.serverTime, askedAt: null, heard: {} });
  });
};
