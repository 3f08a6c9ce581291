import {
  LIMITS,
  type AccountId,
  type DeviceId,
  type DeviceMismatch,
  type KeyBundle,
  type MessageId,
} from '@restante/protocol';
import type { Device } from '../account/device.ts';
import { bundlesOf } from '../server/key-bundles.ts';
import type { MasterApi } from '../server/master-api.ts';
import { devicesPrefix, deviceIdOf } from '../vault/keys.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { OutboxEntry, OutboxRecipient } from '../vault/tables.ts';
import { isOpen, isWithheld, type Composer } from './compose.ts';
import { generationOfSessions, mayEncrypt, type Sessions } from './sessions.ts';

/**
 * Makes entries ready that need keys from a master: for a first message, for devices that have changed, for a
 * fresh session. Keys are fetched outside of transactions; what they are used for is decided inside, on the
 * state as it is then.
 */
export type KeyFetch = {
  /**
   * `ownDevices`: whether a master has just told which ones there are; when there are none, nobody is asked for their keys.
   * Throws a `MessengerError`.
   */
  readonly prepare: (id: MessageId, ownDevices: 'known' | 'unknown') => Promise<Readiness>;
  /** Brings an entry in line with the devices that the recipients have. */
  readonly repair: (id: MessageId, mismatches: readonly DeviceMismatch[]) => Promise<Readiness>;
  /**
   * A master knows no such account. Recipients of whom there is a record that they have ended are left out; when they were all,
   * it is `account-removed`. When there is no record, it is `later`.
   */
  readonly checkRemoved: (id: MessageId) => Promise<Readiness>;
};

/**
 * `ready`: the entry can be sent. `empty`: there is no device to send it to. `keys-changed`: nobody has verified the
 * keys that a verified contact has now; they are kept, so that a person can, but nothing is encrypted for them. `later`: a
 * master does not know the account, or no device of it. `gone`: there is no such entry any more.
 */
export type Readiness = 'ready' | 'empty' | 'gone' | 'keys-changed' | 'account-removed' | 'later';

export const createKeyFetch = (
  store: Store,
  device: Device,
  api: Pick<MasterApi, 'keys' | 'isRemoved'>,
  sessions: Sessions,
  composer: Composer,
): KeyFetch => {
  const isSelf = (accountId: AccountId): boolean => accountId === device.accountId();

  /** Whether a device that is not there is one of the account's, the next sending tells. */
  const fetchBundlesOf = async (
    accountId: AccountId,
    deviceIds: readonly DeviceId[],
  ): Promise<readonly KeyBundle[]> =>
    (await Promise.all(deviceIds.map((deviceId) => bundlesOf(api, accountId, deviceId)))).flat();

  /** Of all devices of an account. That there is none of one's own is not true while this device is there. */
  const fetchBundles = async (accountId: AccountId): Promise<readonly KeyBundle[]> => {
    if (!isSelf(accountId)) return bundlesOf(api, accountId);
    const { bundles } = await api.keys(accountId);
    return bundles.filter(({ deviceId }) => deviceId !== device.address().deviceId);
  };

  const isAnyWithheld = async (
    reader: Pick<Transaction, 'get'>,
    entry: OutboxEntry,
    accountIds: readonly AccountId[],
  ): Promise<boolean> => {
    for (const accountId of accountIds) if (await isWithheld(reader, entry, accountId)) return true;
    return false;
  };

  /** Encrypts what is open and drops own devices that do not exist. */
  const complete = async (
    transaction: Transaction,
    id: MessageId,
    entry: OutboxEntry,
  ): Promise<'ready' | 'empty' | 'later'> => {
    const encrypted = await composer.encrypt(transaction, entry);
    const recipients = encrypted.recipients.filter(
      (recipient) => !isOpen(recipient) || !isSelf(recipient.accountId),
    );
    transaction.put('outbox', id, { ...encrypted, recipients });
    if (recipients.some(isOpen)) return 'later';
    return recipients.length > 0 ? 'ready' : 'empty';
  };

  const repaired = async (
    transaction: Transaction,
    recipient: OutboxRecipient,
    { missing, extra, stale }: DeviceMismatch,
  ): Promise<OutboxRecipient> => {
    const { accountId, plaintext } = recipient;
    const changed = new Set([...missing, ...stale, ...extra]);
    const envelopes = recipient.envelopes.filter(({ deviceId }) => !changed.has(deviceId));
    for (const deviceId of extra) await sessions.deactivate(transaction, { accountId, deviceId });
    for (const deviceId of new Set([...missing, ...stale])) {
      const envelope = await sessions.encrypt(transaction, { accountId, deviceId }, plaintext);
      if (envelope !== null) envelopes.push(envelope);
    }
    return { ...recipient, envelopes };
  };

  /** Devices that need a new session: an earlier repair may have started it already. */
  const outdated = async (
    entry: OutboxEntry,
    { accountId, missing, stale }: DeviceMismatch,
  ): Promise<number[]> => {
    const rows = await store.list('sessions', { prefix: devicesPrefix(accountId), limit: LIMITS.deviceId });
    const newest = await generationOfSessions(store);
    const active = new Map(
      rows.filter(({ value }) => mayEncrypt(value, newest)).map(({ key, value }) => [deviceIdOf(key), value]),
    );
    const sent = entry.recipients.find((recipient) => recipient.accountId === accountId)?.envelopes ?? [];
    return [
      ...missing.filter((deviceId) => !active.has(deviceId)),
      ...stale.filter((deviceId) => {
        const used = sent.find((envelope) => envelope.deviceId === deviceId)?.registrationId;
        return (active.get(deviceId)?.registrationId ?? used) === used;
      }),
    ];
  };

  /** Whoever has ended gets nothing more; the others do. */
  const checkRemoved: KeyFetch['checkRemoved'] = async (id) => {
    const entry = await store.get('outbox', id);
    if (entry === undefined) return 'gone';
    const others = entry.recipients.map(({ accountId }) => accountId).filter((each) => !isSelf(each));
    const answers = await Promise.all(others.map((accountId) => api.isRemoved(accountId)));
    const removed = new Set(others.filter((_, index) => answers[index]));
    if (removed.size === 0) return 'later';
    if (removed.size === others.length) return 'account-removed';
    return store.transact(async (transaction) => {
      const current = await transaction.get('outbox', id);
      if (current === undefined) return 'gone';
      const recipients = current.recipients.filter(({ accountId }) => !removed.has(accountId));
      return complete(transaction, id, { ...current, recipients });
    });
  };

  /** Starts sessions with the devices of an account that have none, or anew with those that are to be renewed. */
  const startWith = async (id: MessageId, accountId: AccountId, renew: readonly number[]): Promise<void> => {
    const bundles = await (renew.length > 0 ? fetchBundlesOf(accountId, renew) : fetchBundles(accountId));
    await store.transact(async (transaction) => {
      const current = await transaction.get('outbox', id);
      if (current === undefined) return;
      const renewing = renew.length > 0 && current.renew.length > 0;
      const active = new Set(await sessions.activeDevices(transaction, accountId));
      for (const bundle of bundles)
        if (renewing || !active.has(bundle.deviceId)) await sessions.start(transaction, accountId, bundle);
      if (renewing) transaction.put('outbox', id, { ...current, renew: [] });
    });
  };

  /** What is still open when everything is encrypted that sessions have been started for meanwhile. */
  const openOf = (id: MessageId, ownDevices: 'known' | 'unknown'): Promise<readonly AccountId[] | null> =>
    store.transact(async (transaction) => {
      const entry = await transaction.get('outbox', id);
      if (entry === undefined) return null;
      if (entry.renew.length > 0) return entry.recipients.map(({ accountId }) => accountId);
      const encrypted = await composer.encrypt(transaction, entry);
      if (encrypted.recipients.some((recipient, index) => recipient !== entry.recipients[index]))
        transaction.put('outbox', id, encrypted);
      const open = encrypted.recipients.filter(isOpen).map(({ accountId }) => accountId);
      const isAlone = ownDevices === 'known' && (await composer.isAlone(transaction));
      return isAlone ? open.filter((accountId) => !isSelf(accountId)) : open;
    });

  const prepare: KeyFetch['prepare'] = async (id, ownDevices) => {
    const open = await openOf(id, ownDevices);
    const entry = await store.get('outbox', id);
    if (open === null || entry === undefined) return 'gone';
    if (await isAnyWithheld(store, entry, open)) return 'keys-changed';
    const started = await Promise.allSettled(open.map((accountId) => startWith(id, accountId, entry.renew)));
    // What one account's keys are like does not hold back the sessions with the others.
    const failure = started.find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
    return store.transact(async (transaction) => {
      const current = await transaction.get('outbox', id);
      if (current === undefined) return 'gone';
      if (await isAnyWithheld(transaction, current, open)) return 'keys-changed';
      return complete(transaction, id, current);
    });
  };

  const repair: KeyFetch['repair'] = async (id, mismatches) => {
    const entry = await store.get('outbox', id);
    if (entry === undefined) return 'gone';
    const fetched: { accountId: AccountId; bundles: readonly KeyBundle[] }[] = [];
    for (const mismatch of mismatches) {
      const { accountId } = mismatch;
      fetched.push({ accountId, bundles: await fetchBundlesOf(accountId, await outdated(entry, mismatch)) });
    }
    return store.transact(async (transaction) => {
      const current = await transaction.get('outbox', id);
      if (current === undefined) return 'gone';
      for (const { accountId, bundles } of fetched) {
        for (const bundle of bundles) await sessions.start(transaction, accountId, bundle);
      }
      const rekeyed = mismatches.filter(({ missing, stale }) => missing.length + stale.length > 0);
      const accountIds = rekeyed.map(({ accountId }) => accountId);
      if (await isAnyWithheld(transaction, current, accountIds)) return 'keys-changed';
      const own = mismatches.some(({ accountId }) => isSelf(accountId));
      const { recipients } = own ? await composer.withOwnCopy(transaction, current) : current;
      const next = [];
      for (const recipient of recipients) {
        const mismatch = mismatches.find(({ accountId }) => accountId === recipient.accountId);
        next.push(mismatch ? await repaired(transaction, recipient, mismatch) : recipient);
      }
      return complete(transaction, id, { ...current, recipients: next });
    });
  };

  /** Of an account that nobody knows it is asked whether it has ended. */
  const confirmed = async (id: MessageId, readiness: Promise<Readiness>): Promise<Readiness> =>
    (await readiness) === 'later' ? checkRemoved(id) : readiness;

  return {
    prepare: (id, ownDevices) => confirmed(id, prepare(id, ownDevices)),
    repair: (id, mismatches) => confirmed(id, repair(id, mismatches)),
    checkRemoved,
  };
};
