import type { RegisteredDevice, SigningIn } from '@restante/protocol';
import type { Device } from './device.ts';
import type { OwnKeys } from './keys.ts';
import type { OwnList } from './own-list.ts';
import { MessengerError } from '../messenger-error.ts';
import { NEW_HISTORY } from '../vault/history-row.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';

export type Credentials = {
  readonly username: string;
  readonly password: string;
  /** What the owner calls this device. */
  readonly deviceName: string;
  /** Takes the messages of before from the account's other devices, as soon as one has let this one in. Left out: not. */
  readonly history?: boolean;
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

/** What a device has to ask the others of its account for. `since`: server time. */
export type NoteNewDevice = (transaction: Transaction, since: number, history: boolean) => void;

export const noteNewDevice: NoteNewDevice = (transaction, since, history) => {
  transaction.put('introduction', ONLY, { since, askedAt: null, heard: {} });
  if (history) transaction.put('history', ONLY, NEW_HISTORY);
};

/** Makes this vault a device of an account: `ask` registers it with the masters. */
export const enroll = async (
  { store, device, keys, ownList }: EnrollDeps,
  ask: (request: SigningIn) => Promise<RegisteredDevice>,
  { username, password, deviceName, history = false }: Credentials,
  kind: 'first device' | 'another device',
): Promise<void> => {
  if (device.isRegistered()) throw new MessengerError('already-registered', 'this vault has an account');
  // Before anybody can know of the account: it is published as soon as the master has told its id.
  if (kind === 'first device') await ownList.create();
  const publicKeys = await keys.create();
  const registered = await ask({ username, password, device: { name: deviceName, keys: publicKeys } });
  await createKeepRegistered({ store, device })(registered, (transaction) => {
    if (kind === 'another device') noteNewDevice(transaction, registered.serverTime, history);
  });
};
