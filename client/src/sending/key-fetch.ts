import type {
  AccountId,
  DeviceId,
  DeviceMismatch,
  KeyBundle,
  MessageId,
  SignedDeviceList,
} from '@restante/protocol';
import type { Device } from '../account/device.ts';
import { listedDevice, type DeviceLists } from '../account/device-lists.ts';
import { deviceListOf } from '../server/device-list-of.ts';
import { bundlesOf } from '../server/key-bundles.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { OutboxEntry, OutboxEnvelope, OutboxRecipient } from '../vault/tables.ts';
import { isOpen, isWithheld, type Composer } from './compose.ts';
import type { Sessions } from './sessions.ts';

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
 * account key that a verified contact has now; nothing is encrypted for its devices. `later`: a
 * master does not know the account, or no device of it. `gone`: there is no such entry any more.
 */
export type Readiness = 'ready' | 'empty' | 'gone' | 'keys-changed' | 'account-removed' | 'later';

/** Which devices the masters do not have, and have. */
type Presence = { readonly absent: readonly DeviceId[]; readonly present: readonly DeviceId[] };

type Fetched = Presence & {
  readonly accountId: AccountId;
  readonly lists: readonly (SignedDeviceList | null)[];
  readonly bundles: readonly KeyBundle[];
};

export const createKeyFetch = (
  store: Store,
  device: Device,
  api: Pick<MasterApi, 'keys' | 'deviceList' | 'isRemoved'>,
  lists: DeviceLists,
  sessions: Sessions,
  composer: Composer,
): KeyFetch => {
  const isSelf = (accountId: AccountId): boolean => accountId === device.accountId();

  const fetchKeys = async (accountId: AccountId, wanted: readonly DeviceId[]): Promise<Fetched> => {
    const answers = await Promise.all(wanted.map((deviceId) => bundlesOf(api, accountId, deviceId)));
    const bundles = answers.flatMap((answer) => answer.bundles);
    const present = bundles.map(({ deviceId }) => deviceId);
    // Which own devices there are is told by another answer.
    const absent = isSelf(accountId) ? [] : wanted.filter((deviceId) => !present.includes(deviceId));
    return { accountId, bundles, lists: answers.map(({ list }) => list), absent, present };
  };

  /** What starts sessions with the devices of an account that have none. Without a list of it, or when masters had none of them, all are asked for. */
  const fetchMissing = async (accountId: AccountId): Promise<Fetched> => {
    const missing = await store.transact(async (transaction) => {
      const active = await sessions.activeDevices(transaction, accountId);
      const wanted = await sessions.recipients(transaction, accountId);
      if (wanted === null || (wanted.length === 0 && !isSelf(accountId))) return null;
      return wanted.filter((deviceId) => !active.includes(deviceId));
    });
    if (missing !== null) return fetchKeys(accountId, missing);
    const { list, bundles } = await bundlesOf(api, accountId);
    const present = bundles.map(({ deviceId }) => deviceId);
    return { accountId, bundles, lists: [list], absent: [], present };
  };

  /** Learns lists, and starts sessions with those on them that have none, or with all of `renew` anew. */
  const start = async (
    transaction: Transaction,
    { accountId, lists: given, bundles, ...presence }: Fetched,
    renew: readonly DeviceId[] = [],
  ): Promise<void> => {
    for (const list of given) await lists.learn(transaction, accountId, list);
    await lists.noteAbsent(transaction, accountId, presence);
    const active = await sessions.activeDevices(transaction, accountId);
    for (const bundle of bundles)
      if (renew.includes(bundle.deviceId) || !active.includes(bundle.deviceId))
        await sessions.start(transaction, accountId, bundle);
  };

  const isAnyWithheld = async (
    reader: Pick<Transaction, 'get'>,
    entry: OutboxEntry,
    accountIds: readonly AccountId[],
  ): Promise<boolean> => {
    for (const accountId of accountIds) if (await isWithheld(reader, entry, accountId)) return true;
    return false;
  };

  /** With an envelope for each device on the list that has a session, and for no other. */
  const repaired = async (
    transaction: Transaction,
    recipient: OutboxRecipient,
    renewed: readonly DeviceId[],
  ): Promise<OutboxRecipient> => {
    const { accountId, plaintext } = recipient;
    const envelopes: OutboxEnvelope[] = [];
    for (const deviceId of (await sessions.recipients(transaction, accountId)) ?? []) {
      const listed = await listedDevice(transaction, { accountId, deviceId });
      const made = recipient.envelopes.find(
        (each) => each.deviceId === deviceId && each.registrationId === listed?.registrationId,
      );
      const envelope =
        made && !renewed.includes(deviceId)
          ? made
          : await sessions.encrypt(transaction, { accountId, deviceId }, plaintext);
      if (envelope !== null) envelopes.push(envelope);
    }
    return { ...recipient, envelopes };
  };

  /** Encrypts what is open, as far as there are sessions, and drops own devices that do not exist. */
  const complete = async (
    transaction: Transaction,
    id: MessageId,
    entry: OutboxEntry,
  ): Promise<'ready' | 'empty' | 'later'> => {
    const encrypted = await composer.encrypt(transaction, entry);
    const recipients: OutboxRecipient[] = [];
    for (const recipient of encrypted.recipients) {
      const { accountId } = recipient;
      const mayGo = isSelf(accountId) || !(await isWithheld(transaction, entry, accountId));
      const made = isOpen(recipient) && mayGo ? await repaired(transaction, recipient, []) : recipient;
      if (!isOpen(made) || !isSelf(accountId)) recipients.push(made);
    }
    transaction.put('outbox', id, { ...encrypted, recipients });
    if (recipients.some(isOpen)) return 'later';
    return recipients.length > 0 ? 'ready' : 'empty';
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
  const startWith = async (
    id: MessageId,
    accountId: AccountId,
    renew: readonly DeviceId[],
  ): Promise<void> => {
    const fetched = await (renew.length > 0 ? fetchKeys(accountId, renew) : fetchMissing(accountId));
    const isUnknown = await store.transact(async (transaction) => {
      const current = await transaction.get('outbox', id);
      if (current === undefined) return false;
      const renewing = renew.length > 0 && current.renew.length > 0;
      await start(transaction, fetched, renewing ? renew : []);
      if (renewing) transaction.put('outbox', id, { ...current, renew: [] });
      const wanted = (await sessions.recipients(transaction, accountId)) ?? [];
      const active = await sessions.activeDevices(transaction, accountId);
      return renew.length === 0 && wanted.some((deviceId) => !active.includes(deviceId));
    });
    // A list that came with the keys may name others than were asked for.
    if (isUnknown) {
      const more = await fetchMissing(accountId);
      await store.transact((transaction) => start(transaction, more));
    }
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

  /** A master says that an account has other devices: its list says whether it has. */
  const learnDevices = async ({ accountId, missing, extra, stale }: DeviceMismatch): Promise<void> => {
    const list = await deviceListOf(api, accountId);
    await store.transact(async (transaction) => {
      await lists.learn(transaction, accountId, list);
      await lists.noteAbsent(transaction, accountId, { absent: extra, present: [...missing, ...stale] });
    });
    const more = await fetchMissing(accountId);
    await store.transact((transaction) => start(transaction, more));
  };

  const repair: KeyFetch['repair'] = async (id, mismatches) => {
    if ((await store.get('outbox', id)) === undefined) return 'gone';
    for (const mismatch of mismatches) await learnDevices(mismatch);
    return store.transact(async (transaction) => {
      const current = await transaction.get('outbox', id);
      if (current === undefined) return 'gone';
      const accountIds = mismatches.map(({ accountId }) => accountId);
      if (await isAnyWithheld(transaction, current, accountIds)) return 'keys-changed';
      const own = mismatches.some(({ accountId }) => isSelf(accountId));
      const { recipients } = own ? await composer.withOwnCopy(transaction, current) : current;
      const next = [];
      for (const recipient of recipients) {
        const mismatch = mismatches.find(({ accountId }) => accountId === recipient.accountId);
        next.push(mismatch ? await repaired(transaction, recipient, mismatch.stale) : recipient);
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
