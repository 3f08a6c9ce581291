import { deviceKey, type AccountId, type DeviceAddress } from '@restante/protocol';
import type { ServerClock } from '../server/clock.ts';
import { encodeContent } from '../content/codec.ts';
import { MAX_RENEWAL_IDS } from '../content/kinds/session-renewal.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { Composer } from '../sending/compose.ts';
import { standingOf } from '../people/standings.ts';
import type { Transaction } from '../vault/store.ts';
import type { SetAside } from '../vault/tables.ts';
import type { Row } from '../vault/vault.ts';
import { withoutSurplus, type SetAsideDeps } from './set-aside.ts';

/**
 * The sender of what was set aside is asked, by a message that starts a fresh session, to send it again: a device once a
 * minute, or a few times at once, for what was under way before it had the fresh session. What has not come is asked
 * for once more with whatever is asked for next.
 */

const INTERVAL_MS = 60_000;
const MAX_AT_ONCE = 3;

export type RenewalDeps = SetAsideDeps & {
  readonly clock: ServerClock;
  readonly composer: Composer;
  readonly now: () => number;
  /** The next sender may be asked again after this time. */
  readonly onRenewalDue: (inMs: number) => void;
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
  const missing = await withoutSurplus(transaction, deps);
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
