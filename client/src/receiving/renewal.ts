import type { AccountId, DeviceAddress, Envelope, MessageId } from '@restante/protocol';
import type { ServerClock } from '../server/clock.ts';
import { encodeContent } from '../content/codec.ts';
import { MAX_RENEWAL_IDS } from '../content/kinds/session-renewal.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { Device } from '../account/device.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import type { Messages } from '../conversations/messages.ts';
import type { Composer } from '../sending/compose.ts';
import type { Unread } from '../ratchet/ratchet.ts';
import { standingOf } from '../people/standings.ts';
import { deviceKey } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';
import type { SetAside } from '../vault/tables.ts';
import type { Row } from '../vault/vault.ts';

/**
 * Messages that cannot be decrypted are set aside, so that they neither block others nor are lost, and their sender
 * is asked, by a message that starts a fresh session, to send them again: a device once a minute, or a few times at
 * once, for what was under way before it had the fresh session. So is what the ratchet calls a repetition, and this
 * vault has never seen (law 17): its sender's vault was put back or copied. What has not come is asked for once more
 * with whatever is asked for next.
 */

const INTERVAL_MS = 60_000;
const MAX_AT_ONCE = 3;
const MAX_SET_ASIDE = 1_000;

export type RenewalDeps = {
  readonly device: Device;
  readonly clock: ServerClock;
  readonly composer: Composer;
  readonly messages: Messages;
  readonly events: MessengerEventSource;
  readonly now: () => number;
  /** The next sender may be asked again after this time. */
  readonly onRenewalDue: (inMs: number) => void;
};

/** Copies of what own devices have sent belong to conversations that nobody knows yet: they are not counted. */
type CountDeps = Pick<RenewalDeps, 'device' | 'messages'>;
const count = async (
  transaction: Transaction,
  { device, messages }: CountDeps,
  accountId: AccountId,
  change: number,
): Promise<void> => {
  if (accountId !== device.accountId()) await messages.countUnreadable(transaction, accountId, change);
};

export const setAside = async (
  transaction: Transaction,
  deps: RenewalDeps,
  envelope: Envelope,
  reason: Unread['reason'],
): Promise<void> => {
  const { id, senderId, senderDeviceId, sentAt } = envelope;
  const repeats = reason === 'duplicate' && ({ repeats: true } as const);
  transaction.put('setAside', id, {
    ...{ senderId, senderDeviceId, sentAt, requested: false },
    ...repeats,
  });
  await count(transaction, deps, senderId, 1);
  transaction.afterCommit(() => deps.events.emit('undecryptable', { id, senderId, senderDeviceId, sentAt }));
};

/** These are here now: they have come again from their sender. Answers when the first of them came, null for none. */
export const comeAgain = async (
  transaction: Transaction,
  deps: CountDeps,
  senderId: AccountId,
  ids: readonly MessageId[],
): Promise<number | null> => {
  const rows = await transaction.getMany('setAside', ids);
  const found = new Map(
    ids.flatMap((id, index) => (rows[index]?.senderId === senderId ? [[id, rows[index].sentAt]] : [])),
  );
  if (found.size === 0) return null;
  for (const id of found.keys()) transaction.delete('setAside', id);
  await count(transaction, deps, senderId, -found.size);
  return Math.min(...found.values());
};

/** What has been set aside. The oldest ones go when there are too many. */
const withoutOldest = async (transaction: Transaction, deps: CountDeps): Promise<Row<SetAside>[]> => {
  const rows = await transaction.list('setAside', { limit: 2 * MAX_SET_ASIDE });
  for (const { key, value } of rows.slice(0, -MAX_SET_ASIDE)) {
    transaction.delete('setAside', key);
    await count(transaction, deps, value.senderId, -1);
  }
  return rows.slice(-MAX_SET_ASIDE);
};

/**
 * Until when a device's requests are spent: each takes an interval, and some intervals may be taken ahead. What a wrong
 * clock has spent is not.
 */
const spentUntil = (kept: number | undefined, nowMs: number): number =>
  kept === undefined || kept > nowMs + MAX_AT_ONCE * INTERVAL_MS ? nowMs : Math.max(kept, nowMs);

const spentAfter = (kept: number | undefined, nowMs: number): number => spentUntil(kept, nowMs) + INTERVAL_MS;

/** Milliseconds until a device may be asked again. */
const waitBefore = (kept: number | undefined, nowMs: number): number =>
  spentAfter(kept, nowMs) - nowMs - MAX_AT_ONCE * INTERVAL_MS;

const requestFrom = async (
  transaction: Transaction,
  { device, clock, composer, now }: RenewalDeps,
  { accountId, deviceId }: DeviceAddress,
  rows: readonly Row<SetAside>[],
): Promise<void> => {
  for (const { key, value } of rows) transaction.put('setAside', key, { ...value, requested: true });
  const key = deviceKey({ accountId, deviceId });
  transaction.put('renewals', key, spentAfter(await transaction.get('renewals', key), now()));
  const repeats = rows.some(({ value }) => value.repeats === true && !value.requested);
  const plaintext = encodeContent({
    ...{ v: CONTENT_VERSION, kind: 'session-renewal', deviceId, ids: rows.map(({ key }) => key) },
    ...(repeats && { repeats }),
  });
  const own = accountId === device.accountId();
  await composer.enqueue(transaction, await clock.mint(transaction), {
    to: own ? null : { accountId, plaintext },
    ownCopy: own ? plaintext : null,
    renew: [deviceId],
    shows: null,
    // There are no words of a person in it.
    despiteKeys: true,
  });
};

const isBlocked = async (transaction: Transaction, accountId: AccountId): Promise<boolean> =>
  (await standingOf(transaction, accountId)) === 'blocked';

/** Asks every sender whose messages were set aside for them, unless it was asked a moment ago. */
export const requestRenewals = async (transaction: Transaction, deps: RenewalDeps): Promise<void> => {
  const missing = await withoutOldest(transaction, deps);
  const byDevice = Map.groupBy(missing, ({ value }) =>
    deviceKey({ accountId: value.senderId, deviceId: value.senderDeviceId }),
  );
  let dueMs = Infinity;
  for (const [key, rows] of byDevice) {
    const first = rows.find(({ value }) => !value.requested);
    if (first === undefined || (await isBlocked(transaction, first.value.senderId))) continue;
    const waitMs = waitBefore(await transaction.get('renewals', key), deps.now());
    if (waitMs > 0) {
      dueMs = Math.min(dueMs, waitMs);
      continue;
    }
    const unaskedFirst = rows.toSorted((a, b) => Number(a.value.requested) - Number(b.value.requested));
    const remote = { accountId: first.value.senderId, deviceId: first.value.senderDeviceId };
    await requestFrom(transaction, deps, remote, unaskedFirst.slice(0, MAX_RENEWAL_IDS));
  }
  if (dueMs < Infinity) transaction.afterCommit(() => deps.onRenewalDue(dueMs));
};
