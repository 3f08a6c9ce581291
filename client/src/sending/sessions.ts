import {
  deviceKey,
  LIMITS,
  type AccountId,
  type DeviceAddress,
  type DeviceId,
  type KeyBundle,
} from '@restante/protocol';
import { toBase64 } from '../base64.ts';
import type { Device } from '../account/device.ts';
import { MessengerError } from '../messenger-error.ts';
import type { Parties, Ratchet, RatchetSession } from '../ratchet/ratchet.ts';
import { devicesPrefix, deviceIdOf } from '../vault/keys.ts';
import type { Row } from '../vault/vault.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY, type OutboxEnvelope, type SessionRow } from '../vault/tables.ts';

/** Is told that a session, `previous` until now, has become this one. */
export type SessionWatch = (
  transaction: Transaction,
  remote: DeviceAddress,
  previous: SessionRow | null,
  session: RatchetSession,
) => Promise<void>;

/** Sessions with other devices, inside a transaction. */
export type Sessions = {
  /** Numbers of the devices of an account that messages are encrypted for, as far as sessions exist that may be used. */
  readonly activeDevices: (transaction: Transaction, accountId: AccountId) => Promise<DeviceId[]>;
  /** Sorted identity keys (base64) of these devices. */
  readonly identityKeys: (transaction: Transaction, accountId: AccountId) => Promise<string[]>;
  /** Keeps what a session, `previous` until now, has become; `isNew`: it has just been started, by either end. */
  readonly save: (
    transaction: Transaction,
    remote: DeviceAddress,
    previous: SessionRow | null,
    session: RatchetSession,
    isNew: boolean,
  ) => Promise<void>;
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
  readonly parties: (remote: DeviceAddress) => Parties;
};

/** The newest generation of sessions: only those are encrypted with. */
export const generationOfSessions = async (reader: Pick<Transaction, 'get'>): Promise<number> =>
  (await reader.get('outdated', ONLY))?.generation ?? 0;

/** Whether messages may be encrypted with a session; `newest`: the newest generation. */
export const mayEncrypt = ({ active, generation }: SessionRow, newest: number): boolean =>
  active && generation === newest;

export const createSessions = (
  device: Device,
  ratchet: Ratchet,
  observe: SessionWatch,
  now: () => number,
): Sessions => {
  const parties = (remote: DeviceAddress): Parties => ({
    identity: device.identity(),
    local: device.address(),
    remote,
  });

  const active = async (transaction: Transaction, accountId: AccountId): Promise<Row<SessionRow>[]> =>
    (await transaction.listPrefix('sessions', devicesPrefix(accountId), LIMITS.deviceId)).filter(
      ({ value }) => value.active,
    );

  const save: Sessions['save'] = async (transaction, remote, previous, session, isNew) => {
    const generation = isNew ? await generationOfSessions(transaction) : (previous?.generation ?? 0);
    transaction.put('sessions', deviceKey(remote), { ...session, active: true, generation });
    await observe(transaction, remote, previous, session);
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
    activeDevices: async (transaction, accountId) => {
      const newest = await generationOfSessions(transaction);
      const rows = await active(transaction, accountId);
      return rows.filter(({ value }) => mayEncrypt(value, newest)).map(({ key }) => deviceIdOf(key));
    },
    identityKeys: async (transaction, accountId) =>
      (await active(transaction, accountId)).map(({ value }) => value.identityKey).sort(),
    start: async (transaction, accountId, bundle) => {
      const remote = { accountId, deviceId: bundle.deviceId };
      const previous = (await transaction.get('sessions', deviceKey(remote))) ?? null;
      const session = await ratchet
        .startSession(parties(remote), previous, bundle, now())
        .catch((cause: unknown) => {
          throw new MessengerError('bad-answer', 'the keys of a device are not valid', { cause });
        });
      await save(transaction, remote, previous, session, true);
    },
    encrypt: async (transaction, remote, plaintext) => {
      const row = await transaction.get('sessions', deviceKey(remote));
      if (row === undefined || !mayEncrypt(row, await generationOfSessions(transaction))) return null;
      const encrypted = await ratchet.encrypt(parties(remote), row, plaintext, now());
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
