import {
  deviceKey,
  type AccountId,
  type DeviceAddress,
  type DeviceId,
  type KeyBundle,
  type ListedDevice,
} from '@restante/protocol';
import { toBase64 } from '../base64.ts';
import type { Device } from '../account/device.ts';
import { isSameDevice, listedDevice, recipientDevices } from '../account/device-lists.ts';
import { MessengerError } from '../messenger-error.ts';
import type { Parties, Ratchet, RatchetSession } from '../ratchet/ratchet.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY, type OutboxEnvelope, type SessionRow } from '../vault/tables.ts';

/** Sessions with other devices, inside a transaction. */
export type Sessions = {
  /** Numbers of the devices that messages for an account are encrypted for; null: no list of it is known. */
  readonly recipients: (transaction: Transaction, accountId: AccountId) => Promise<DeviceId[] | null>;
  /** Those of them that there are sessions with that may be used. */
  readonly activeDevices: (transaction: Transaction, accountId: AccountId) => Promise<DeviceId[]>;
  /** Keeps what a session, `previous` until now, has become; `isNew`: it has just been started, by either end. */
  readonly save: (
    transaction: Transaction,
    remote: DeviceAddress,
    previous: SessionRow | null,
    session: RatchetSession,
    isNew: boolean,
  ) => Promise<void>;
  /** Only with a device that is on its account's list, with the keys that are named there (law 12). */
  readonly start: (transaction: Transaction, accountId: AccountId, bundle: KeyBundle) => Promise<void>;
  /** The other end has just started this session: it may be encrypted with. */
  readonly renewed: (transaction: Transaction, remote: DeviceAddress) => Promise<void>;
  /** No more messages are encrypted for this device until a new session is started. */
  readonly deactivate: (transaction: Transaction, remote: DeviceAddress) => Promise<void>;
  /** Null when there is no session that can send: start one. */
  readonly encrypt: (
    transaction: Transaction,
    remote: DeviceAddress,
    plaintext: Uint8Array,
  ) => Promise<OutboxEnvelope | null>;
  /** `remoteKey`: base64 of the identity key that the other end must have. */
  readonly parties: (remote: DeviceAddress, remoteKey: string) => Parties;
};

/** The newest generation of sessions: only those are encrypted with. */
export const generationOfSessions = async (reader: Pick<Transaction, 'get'>): Promise<number> =>
  (await reader.get('outdated', ONLY))?.generation ?? 0;

/** Whether messages may be encrypted with a session; `newest`: the newest generation. */
export const mayEncrypt = ({ active, generation }: SessionRow, newest: number): boolean =>
  active && generation === newest;

/** Whether a session is with the device on the list. Its number may have been another one's. */
const isWith = ({ identityKey, registrationId }: SessionRow, listed: ListedDevice): boolean =>
  identityKey === listed.identityKey && registrationId === listed.registrationId;

/** `onRefused`: a server gives keys of a device that are not those on the list. */
export const createSessions = (
  device: Device,
  ratchet: Ratchet,
  now: () => number,
  onRefused: (error: MessengerError) => void,
): Sessions => {
  const parties = (remote: DeviceAddress, remoteKey: string): Parties => ({
    ...{ identity: device.identity(), local: device.address(), remote, remoteKey },
  });

  /** The session with a device on the list that may be encrypted with, if there is one. */
  const usable = async (
    transaction: Transaction,
    remote: DeviceAddress,
    listed: ListedDevice,
  ): Promise<SessionRow | null> => {
    const row = await transaction.get('sessions', deviceKey(remote));
    if (row === undefined || !isWith(row, listed)) return null;
    return mayEncrypt(row, await generationOfSessions(transaction)) ? row : null;
  };

  const save: Sessions['save'] = async (transaction, remote, previous, session, isNew) => {
    const generation = isNew ? await generationOfSessions(transaction) : (previous?.generation ?? 0);
    transaction.put('sessions', deviceKey(remote), { ...session, active: true, generation });
  };

  const deactivate: Sessions['deactivate'] = async (transaction, remote) => {
    const key = deviceKey(remote);
    const row = await transaction.get('sessions', key);
    if (row?.active) transaction.put('sessions', key, { ...row, active: false });
  };

  return {
    parties,
    save,
    renewed: async (transaction, remote) => {
      const row = await transaction.get('sessions', deviceKey(remote));
      if (row === undefined) return;
      const generation = await generationOfSessions(transaction);
      transaction.put('sessions', deviceKey(remote), { ...row, generation });
    },
    deactivate,
    recipients: async (transaction, accountId) =>
      (await recipientDevices(transaction, accountId, device.address()))?.map(({ deviceId }) => deviceId) ??
      null,
    activeDevices: async (transaction, accountId) => {
      const active: DeviceId[] = [];
      for (const listed of (await recipientDevices(transaction, accountId, device.address())) ?? []) {
        const { deviceId } = listed;
        if (await usable(transaction, { accountId, deviceId }, listed)) active.push(deviceId);
      }
      return active;
    },
    start: async (transaction, accountId, bundle) => {
      const remote = { accountId, deviceId: bundle.deviceId };
      const listed = await listedDevice(transaction, remote);
      if (listed === undefined || !isSameDevice(listed, bundle)) {
        const error = new MessengerError('device-refused', 'a server gives keys that are not on the list');
        transaction.afterCommit(() => onRefused(error));
        return;
      }
      const previous = (await transaction.get('sessions', deviceKey(remote))) ?? null;
      const session = await ratchet
        .startSession(parties(remote, listed.identityKey), previous, bundle, now())
        .catch((cause: unknown) => {
          throw new MessengerError('bad-answer', 'the keys of a device are not valid', { cause });
        });
      await save(transaction, remote, previous, session, true);
    },
    encrypt: async (transaction, remote, plaintext) => {
      const listed = await listedDevice(transaction, remote);
      const row = listed && (await usable(transaction, remote, listed));
      if (!row) return null;
      const encrypted = await ratchet.encrypt(parties(remote, row.identityKey), row, plaintext, now());
      if (encrypted === null) {
        await deactivate(transaction, remote);
        return null;
      }
      transaction.put('sessions', deviceKey(remote), { ...row, ...encrypted.session });
      return {
        deviceId: remote.deviceId,
        registrationId: encrypted.session.registrationId,
        type: encrypted.type,
        payload: toBase64(encrypted.payload),
      };
    },
  };
};
