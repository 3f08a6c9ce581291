import type { AccountId, DeviceAddress, DeviceId, KeyBundle } from '@restante/protocol';
import { toBase64 } from '../base64.ts';
import type { Device } from '../device.ts';
import type { IdentityGuard } from '../identity-guard.ts';
import { MessengerError } from '../messenger-error.ts';
import type { Parties, Ratchet, Session } from '../ratchet/ratchet.ts';
import { accountPrefix, deviceIdOf, deviceKey } from '../vault/keys.ts';
import type { Row } from '../vault/vault.ts';
import type { Transaction } from '../vault/store.ts';
import type { OutboxEnvelope, SessionRow } from '../vault/tables.ts';

/** More devices than an account can have. */
const MAX_DEVICES = 128;

/** Sessions with other devices, inside a transaction. */
export type Sessions = {
  /** Numbers of the devices of an account that messages are encrypted for, as far as sessions exist. */
  readonly activeDevices: (transaction: Transaction, accountId: AccountId) => Promise<DeviceId[]>;
  /** Sorted identity keys (base64) of these devices. */
  readonly identityKeys: (transaction: Transaction, accountId: AccountId) => Promise<string[]>;
  /** Keeps what a session, `previous` until now, has become. */
  readonly save: (
    transaction: Transaction,
    remote: DeviceAddress,
    previous: SessionRow | null,
    session: Session,
  ) => Promise<void>;
  readonly start: (transaction: Transaction, accountId: AccountId, bundle: KeyBundle) => Promise<void>;
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

export const createSessions = (
  device: Device,
  ratchet: Ratchet,
  guard: Pick<IdentityGuard, 'observe'>,
  now: () => number,
): Sessions => {
  const parties = (remote: DeviceAddress): Parties => ({
    identity: device.identity(),
    local: device.address(),
    remote,
  });

  const active = async (transaction: Transaction, accountId: AccountId): Promise<Row<SessionRow>[]> =>
    (await transaction.listPrefix('sessions', accountPrefix(accountId), MAX_DEVICES)).filter(
      ({ value }) => value.active,
    );

  const save: Sessions['save'] = async (transaction, remote, previous, session) => {
    transaction.put('sessions', deviceKey(remote), { ...session, active: true });
    await guard.observe(transaction, remote, previous, session);
  };

  const deactivate: Sessions['deactivate'] = async (transaction, remote) => {
    const key = deviceKey(remote);
    const row = await transaction.get('sessions', key);
    if (row?.active) transaction.put('sessions', key, { ...row, active: false });
  };

  return {
    parties,
    save,
    deactivate,
    activeDevices: async (transaction, accountId) =>
      (await active(transaction, accountId)).map(({ key }) => deviceIdOf(key)),
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
      await save(transaction, remote, previous, session);
    },
    encrypt: async (transaction, remote, plaintext) => {
      const row = await transaction.get('sessions', deviceKey(remote));
      if (!row?.active) return null;
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
